//! Options with defaults for every request.

use std::path::{Path, PathBuf};

use clap::{Args, ValueEnum};
use haul::record::{FileRegister, InputFormat, InputOptions};

use crate::schemes::Schemes;
use crate::units::{delimiter, pair, secret_name, whole};

#[derive(Debug, Args)]
#[command(next_help_heading = "Requests (defaults for every line; a JSON line overrides them)")]
pub(crate) struct RequestArguments {
    /// Method [default: GET, or POST with -d or --json]
    ///
    /// A standard method in lower case is sent in upper case.
    #[arg(short = 'X', long, value_name = "METHOD")]
    pub(crate) request: Option<String>,
    /// HEAD instead of GET, with the headers in the results
    ///
    /// As in curl: only the heads of responses are fetched. A line with a method of its own keeps it. Implies
    /// --include-headers.
    #[arg(short = 'I', long, conflicts_with_all = ["request", "data", "json"])]
    pub(crate) head: bool,
    /// HEAD, and GET if a server refuses it
    ///
    /// For lists of links: a HEAD that is answered with 403, 404, 405 or 501 is asked again by GET, whose body is
    /// discarded. This costs no retry; the result has the method that was answered. A line with another method keeps it.
    #[arg(hide_short_help = true, long, conflicts_with_all = ["request", "data", "json", "output_dir"])]
    pub(crate) head_or_get: bool,
    /// Keep no body of a success, only status and headers
    ///
    /// Up to 64 KiB of a body are read, to keep the connection; beyond that it is closed. Bodies of other statuses are
    /// kept as always. --max-filesize does not hold for a body that is not kept.
    #[arg(hide_short_help = true, long, conflicts_with_all = ["require", "expect_json", "output_dir"])]
    pub(crate) discard_body: bool,
    /// Add a header; 'NAME:' removes it, @FILE reads a list
    ///
    /// May be given more than once; if two have the same name, both are sent. 'NAME:' leaves out a header that haul
    /// would send by itself (such as Accept, Accept-Encoding and User-Agent, but not Host, Content-Length,
    /// Transfer-Encoding and Connection, which frame the message). 'NAME;' sends a header without a value. With a Range
    /// header, Accept-Encoding is sent only if it is given too. The file after @ holds one header a line, so that a
    /// token need not stand on the command line; the variable HAUL_HEADER does too.
    #[arg(short = 'H', long = "header", value_name = "NAME: VALUE")]
    pub(crate) headers: Vec<String>,
    /// True if the headers are those of the environment variable.
    #[arg(skip)]
    pub(crate) headers_of_variable: bool,
    /// Body of every request, sent as given
    ///
    /// @FILE sends the content of the file, @- that of standard input, and '' an empty body.
    #[arg(
        short = 'd',
        long,
        value_name = "DATA|@FILE",
        conflicts_with = "json",
        allow_hyphen_values = true
    )]
    pub(crate) data: Option<String>,
    /// Body of every request, with the content type of JSON
    ///
    /// The JSON is sent as it is written. A Content-Type given with -H takes the place of application/json.
    #[arg(long, value_name = "DATA|@FILE", allow_hyphen_values = true)]
    pub(crate) json: Option<String>,
    /// Part of a form with files: NAME=VALUE, NAME=@FILE or NAME=<FILE
    ///
    /// As in curl, and may be given more than once: a POST of type multipart/form-data. @FILE sends a file under its own
    /// name, <FILE its content as a field; @- and <- are standard input. After the value ;type=TYPE and ;filename=NAME
    /// may follow; double quotes hold a value with a ; in it ('notes="a;b"', with \" and \\ inside). The type of a file
    /// is told by its ending. Files are read anew for each attempt.
    #[arg(
        hide_short_help = true,
        short = 'F',
        long = "form",
        value_name = "NAME=CONTENT",
        conflicts_with_all = ["data", "json", "head", "head_or_get"]
    )]
    pub(crate) form: Vec<String>,
    /// Field of a form with files, sent as it is, after the parts of -F
    #[arg(
        hide_short_help = true,
        long,
        value_name = "NAME=VALUE",
        conflicts_with_all = ["data", "json", "head", "head_or_get"]
    )]
    pub(crate) form_string: Vec<String>,
    /// Basic auth with this user and password
    #[arg(short = 'u', long, value_name = "USER:PASS", conflicts_with = "bearer")]
    pub(crate) user: Option<String>,
    /// Digest auth with the user and password of -u
    ///
    /// The password is not sent: the server's challenge is answered within the same attempt, and later requests use its
    /// nonce again (MD5 and SHA-256). In a line: "auth": {"user", "password", "digest": true}.
    #[arg(long)]
    pub(crate) digest: bool,
    /// Bearer token of every request
    #[arg(long, value_name = "TOKEN|@FILE")]
    pub(crate) bearer: Option<String>,
    /// Bearer token from the first line that a shell command prints
    ///
    /// The command is run by sh -c when the first request needs a token, and again after a 401, without a terminal to ask from.
    /// It is killed with the processes that it has started after 60 s, and when the run ends. With --base-url the token
    /// goes to that origin alone.
    #[arg(hide_short_help = true, long, value_name = "CMD", conflicts_with_all = ["bearer", "user"])]
    pub(crate) bearer_command: Option<String>,
    /// Token endpoint of an OAuth 2 login (client credentials)
    ///
    /// The token is fetched when the first request needs it, ahead of its expiry, and after a 401. With --base-url it goes
    /// to that origin alone.
    #[arg(
        long,
        value_name = "URL",
        conflicts_with_all = ["bearer", "user", "bearer_command"],
        requires_all = ["oauth2_id", "oauth2_secret"]
    )]
    pub(crate) oauth2_url: Option<String>,
    /// Client id of the OAuth 2 login
    #[arg(
        hide_short_help = true,
        long,
        value_name = "ID",
        requires = "oauth2_url"
    )]
    pub(crate) oauth2_id: Option<String>,
    /// Client secret of the OAuth 2 login; or HAUL_OAUTH2_SECRET
    #[arg(
        hide_short_help = true,
        long,
        value_name = "SECRET|@FILE",
        requires = "oauth2_url"
    )]
    pub(crate) oauth2_secret: Option<String>,
    /// Scope that the OAuth 2 login asks for
    ///
    /// May be given more than once, or as several scopes with spaces.
    #[arg(
        hide_short_help = true,
        long,
        value_name = "SCOPE",
        requires = "oauth2_url"
    )]
    pub(crate) oauth2_scope: Vec<String>,
    /// Further parameter of the OAuth 2 login, such as audience
    #[arg(hide_short_help = true, long, value_name = "NAME=VALUE", value_parser = pair, requires = "oauth2_url")]
    pub(crate) oauth2_param: Vec<(String, String)>,
    /// Passwords by host from ~/.netrc, or the file that the variable NETRC names
    ///
    /// As in curl: the first entry that fits the host counts, and is sent as basic auth by requests without other
    /// credentials. A URL with a user and no password gets that user's password.
    #[arg(hide_short_help = true, short = 'n', long)]
    pub(crate) netrc: bool,
    /// Passwords by host from this file, in the form of --netrc
    #[arg(hide_short_help = true, long, value_name = "FILE")]
    pub(crate) netrc_file: Option<PathBuf>,
    /// The User-Agent header [default: haul/VERSION]; '' sends none
    #[arg(short = 'A', long, value_name = "NAME")]
    pub(crate) user_agent: Option<String>,
    /// The Cookie header, or a file of cookies if there is no = in it
    ///
    /// May be given more than once. The file is of Netscape's format, as curl and browsers' exports have it; cookies that
    /// servers set are kept for the run, and with -c written to a file.
    #[arg(short = 'b', long, value_name = "COOKIES|FILE")]
    pub(crate) cookie: Vec<String>,
    /// Write the cookies to this file at the end, also after Ctrl-C
    ///
    /// In Netscape's format, for -b of haul and curl. A file of cookies that is there is replaced; it is read first only
    /// if -b names it too. - is standard output, if results go to a file.
    #[arg(hide_short_help = true, short = 'c', long, value_name = "FILE")]
    pub(crate) cookie_jar: Option<PathBuf>,
    /// Another header or query parameter whose value is secret
    ///
    /// May be given more than once, or as a list with commas. Results, failure log, summary and messages show *** in
    /// place of the value, and the header is not sent to another origin (scheme, host or port) after a redirect. These
    /// are always secret: Authorization, Cookie, headers with api-key, apikey, token, secret, password or signature in
    /// their names, or with key, auth or session as a word of the name (X-Session-Id, but not SessionId;
    /// Idempotency-Key is shown), and the parameters access_token, refresh_token, id_token, client_secret, password,
    /// api_key, apikey, api-key, signature, sig, x-amz-signature, x-amz-security-token and x-goog-signature. A column or
    /// key of this name is masked in tags, and wherever a template puts it. Other bodies are kept as they are.
    #[arg(long = "secret", value_name = "NAME", value_delimiter = ',', value_parser = secret_name)]
    pub(crate) secrets: Vec<String>,
    /// Add a parameter to every URL, percent-encoded
    #[arg(long, value_name = "NAME=VALUE", value_parser = pair)]
    pub(crate) url_query: Vec<(String, String)>,
    /// Make the requests of lines by a template, a file with a request as JSON
    ///
    /// Each line is a row of values. {NAME} inside the template's strings is replaced by the value of a key of a JSON
    /// line, {/a/0/b} by the value at a JSON pointer in it, {line} by the whole line. A string that is only {NAME:json}
    /// becomes the JSON value. In the URL, values are percent-encoded; {NAME:raw}, and a placeholder that begins the URL,
    /// are not. {{ is one {, and other braces are as in any JSON. A line without a value for a name, or with one that
    /// would be a .. in the path, is a failed result. id and tag of a line are kept.
    #[arg(
        hide_short_help = true,
        long,
        value_name = "FILE",
        conflicts_with = "url_template"
    )]
    pub(crate) template: Option<PathBuf>,
    /// Make the URLs of lines by a template, such as 'https://x/items/{sku}?lang={lang}'
    ///
    /// As --template, for a URL alone.
    #[arg(hide_short_help = true, long, value_name = "URL")]
    pub(crate) url_template: Option<String>,
    /// URL that relative URLs are resolved against
    #[arg(long, value_name = "URL")]
    pub(crate) base_url: Option<String>,
    /// Scheme of URLs that have none, such as example.com; https,http = the second where the first cannot connect
    ///
    /// The second scheme is tried at once after a failure of class dns or connect, and never after one of class tls. It is
    /// one request with one result, whose url is the one that was tried last; as after a redirect to another origin,
    /// credentials are left behind. An argument without :// is still a file where there is one of that name.
    #[arg(
        hide_short_help = true,
        long,
        value_name = "SCHEME[,SCHEME]",
        value_parser = Schemes::parse,
        conflicts_with = "base_url"
    )]
    pub(crate) scheme: Option<Schemes>,
    /// Number of redirects that are followed; 0 = the redirect is the result
    #[arg(long, value_name = "N", value_parser = whole::<u32>, default_value_t = 10)]
    pub(crate) max_redirs: u32,
    /// Format of the input [default: auto, by its content]
    ///
    /// urls, jsonl, json (an array of URLs and requests), csv, tsv, sitemap, results or failures (lines that haul wrote).
    /// With auto, a list is a table only if its first line is no URL and has a field named url, and a blank in a URL has
    /// to be written %20, since text after a URL is more often a remark. With urls, the whole line is the URL, and its
    /// blanks are sent as %20. gzip, zstd and UTF-16 are read under every format.
    #[arg(
        long,
        value_name = "FORMAT",
        default_value = "auto",
        hide_default_value = true,
        hide_possible_values = true
    )]
    pub(crate) input_format: FormatName,
    /// Character between the cells of CSV [default: a comma]
    ///
    /// Such as ';', or '\t' for a tab.
    #[arg(hide_short_help = true, long, value_name = "CHAR", value_parser = delimiter)]
    pub(crate) csv_delimiter: Option<u8>,
    /// Column of CSV or TSV with the URLs [default: url]
    #[arg(hide_short_help = true, long, value_name = "NAME")]
    pub(crate) url_column: Option<String>,
    /// Column of CSV or TSV with the ids [default: id]
    #[arg(hide_short_help = true, long, value_name = "NAME")]
    pub(crate) id_column: Option<String>,
    /// Fetch the sitemaps of a sitemap index, and send the requests of their links
    ///
    /// Up to five levels deep, with the limits of the run. A sitemap has no result, but one that cannot be read is a
    /// failed one, which --resume and --retry-failed fetch again. Without this option the sitemaps themselves are the
    /// requests.
    #[arg(hide_short_help = true, long)]
    pub(crate) follow_sitemaps: bool,
    /// Leave out a request that equals an earlier one of the input
    ///
    /// Requests are equal that send the same: method, URL without fragment, body, headers and credentials. Ids and tags
    /// make no difference. The summary counts the duplicates; they have no result. With --resume too, a duplicate of a
    /// request that an earlier run finished is left out. Takes up to 40 bytes of memory for each request.
    #[arg(long)]
    pub(crate) unique: bool,
    /// Skip unknown keys of a line, with a warning
    ///
    /// Without it, such a line is a failed result, since the misspelt key may be the one that makes a request harmless.
    #[arg(long)]
    pub(crate) lenient: bool,
    /// Read options from a TOML file, by their long names
    ///
    /// For example max-time = "5s", header = ["X-Team: a"], breaker = true. A typed option and a variable come before the
    /// file. Tables such as [host."*.example.com"] hold options for some hosts: jobs-per-host, rate-per-host, burst,
    /// breaker, max-time, connect-timeout, the options of retries, header, user, digest, bearer, bearer-command, those of
    /// OAuth 2, and user-agent. Paths are relative to the working directory.
    #[arg(hide_short_help = true, long, value_name = "FILE")]
    pub(crate) config: Option<PathBuf>,
}

impl RequestArguments {
    /// Returns the values of `-b` that are cookies.
    pub(crate) fn cookie_pairs(&self) -> impl Iterator<Item = &str> {
        let values = self.cookie.iter().map(String::as_str);
        values.filter(|text| text.contains('='))
    }

    /// Returns the values of `-b` that name files.
    pub(crate) fn cookie_files(&self) -> impl Iterator<Item = &Path> {
        let files = self.cookie.iter().filter(|text| !text.contains('='));
        files.map(Path::new)
    }

    /// True if `-c` names the file, by whatever path.
    pub(crate) fn is_cookie_jar(&self, path: &Path) -> bool {
        let jar = self.cookie_jar.as_deref();
        jar.is_some_and(|jar| FileRegister::place_of(jar) == FileRegister::place_of(path))
    }
}

/// Format of the input, as it is named on the command line.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(crate) enum FormatName {
    Auto,
    Urls,
    Jsonl,
    Json,
    Csv,
    Tsv,
    Sitemap,
    Results,
    Failures,
}

impl RequestArguments {
    /// Returns the settings for reading the inputs.
    pub(crate) fn input_options(&self) -> InputOptions {
        let mut options = InputOptions::new().relative_urls(self.base_url.is_some());
        if let Some(format) = self.input_format.format() {
            options = options.format(format);
        }
        if let Some(delimiter) = self.csv_delimiter {
            options = options.csv_delimiter(delimiter);
        }
        if let Some(column) = &self.url_column {
            options = options.url_column(column);
        }
        match &self.id_column {
            Some(column) => options.id_column(column),
            None => options,
        }
    }
}

impl FormatName {
    /// Returns the format. `None`: it is recognised by content.
    fn format(self) -> Option<InputFormat> {
        Some(match self {
            FormatName::Auto => return None,
            FormatName::Urls => InputFormat::Urls,
            FormatName::Jsonl => InputFormat::JsonLines,
            FormatName::Json => InputFormat::Json,
            FormatName::Csv => InputFormat::Csv,
            FormatName::Tsv => InputFormat::Tsv,
            FormatName::Sitemap => InputFormat::Sitemap,
            FormatName::Results => InputFormat::Results,
            FormatName::Failures => InputFormat::Failures,
        })
    }
}
