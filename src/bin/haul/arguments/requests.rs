//! Options with defaults for every request.

use clap::{Args, ValueEnum};

use crate::units::{pair, secret_name, whole};

#[derive(Debug, Args)]
#[command(next_help_heading = "Requests (defaults for every line; a JSON line overrides them)")]
pub(crate) struct RequestArguments {
    /// Method [default: GET, or POST with -d or --json]
    ///
    /// A standard method in lower case is sent in upper case.
    #[arg(short = 'X', long, value_name = "METHOD")]
    pub(crate) request: Option<String>,
    /// Add a header; 'NAME:' removes it, @FILE reads a list
    ///
    /// May be given more than once, with one name too: each is sent. 'NAME:' leaves out a header that haul would send by
    /// itself (Accept, Accept-Encoding and User-Agent too, but not Host, Content-Length, Transfer-Encoding and Connection,
    /// which frame the message), 'NAME;' sends one without a value. With a Range, Accept-Encoding is sent only if it is
    /// given too. The file after @ holds one header a line, so that a token need not stand on the command line; so does
    /// the variable HAUL_HEADER.
    #[arg(short = 'H', long = "header", value_name = "NAME: VALUE")]
    pub(crate) headers: Vec<String>,
    /// True if the headers are those of the environment variable.
    #[arg(skip)]
    pub(crate) headers_of_variable: bool,
    /// Body, sent as given
    ///
    /// @FILE sends what is in the file, @- what is on standard input.
    #[arg(
        short = 'd',
        long,
        value_name = "DATA|@FILE",
        conflicts_with = "json",
        allow_hyphen_values = true
    )]
    pub(crate) data: Option<String>,
    /// Body and JSON content type
    ///
    /// The JSON is sent as it is written. A Content-Type given with -H takes the place of application/json.
    #[arg(long, value_name = "DATA|@FILE", allow_hyphen_values = true)]
    pub(crate) json: Option<String>,
    /// Basic auth
    #[arg(short = 'u', long, value_name = "USER:PASS", conflicts_with = "bearer")]
    pub(crate) user: Option<String>,
    /// Bearer token
    #[arg(long, value_name = "TOKEN|@FILE")]
    pub(crate) bearer: Option<String>,
    /// Bearer token: the first line that a shell command prints
    ///
    /// It is run by sh -c when the first request needs a token, and again after a 401; it is killed after 60 s. With
    /// --base-url the token goes to that origin alone.
    #[arg(long, value_name = "CMD", conflicts_with_all = ["bearer", "user"])]
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
    #[arg(long, value_name = "ID", requires = "oauth2_url")]
    pub(crate) oauth2_id: Option<String>,
    /// Client secret of the OAuth 2 login; or HAUL_OAUTH2_SECRET
    #[arg(long, value_name = "SECRET|@FILE", requires = "oauth2_url")]
    pub(crate) oauth2_secret: Option<String>,
    /// Scope that the OAuth 2 login asks for
    ///
    /// May be given more than once, or as several scopes with spaces.
    #[arg(long, value_name = "SCOPE", requires = "oauth2_url")]
    pub(crate) oauth2_scope: Vec<String>,
    /// Further parameter of the OAuth 2 login, such as audience
    #[arg(long, value_name = "NAME=VALUE", value_parser = pair, requires = "oauth2_url")]
    pub(crate) oauth2_param: Vec<(String, String)>,
    /// The User-Agent header [default: haul/VERSION]; '' sends none
    #[arg(short = 'A', long, value_name = "NAME")]
    pub(crate) user_agent: Option<String>,
    /// The Cookie header
    #[arg(short = 'b', long, value_name = "COOKIES")]
    pub(crate) cookie: Option<String>,
    /// Name of a further header or query parameter whose value is secret
    ///
    /// May be given more than once, or as a list with commas. Results, failure log, summary and messages show *** in
    /// place of the value, and a redirect to another origin (scheme, host or port) does not take the header along. These
    /// are always secret: Authorization, Cookie, headers with api-key, apikey, token, secret, password or signature in
    /// their names, or with key, auth or session as a word of the name (X-Session-Id, but not SessionId; Idempotency-Key
    /// is shown), and the parameters access_token, refresh_token, id_token, client_secret, password, api_key, apikey,
    /// api-key, signature, sig, x-amz-signature, x-amz-security-token and x-goog-signature. Bodies are kept as they are.
    #[arg(long = "secret", value_name = "NAME", value_delimiter = ',', value_parser = secret_name)]
    pub(crate) secrets: Vec<String>,
    /// Add to every query, percent-encoded
    #[arg(long, value_name = "NAME=VALUE", value_parser = pair)]
    pub(crate) url_query: Vec<(String, String)>,
    /// Resolve relative lines against it
    #[arg(long, value_name = "URL")]
    pub(crate) base_url: Option<String>,
    /// Redirects followed; 0 = none, the redirect is the result
    #[arg(long, value_name = "N", value_parser = whole::<u32>, default_value_t = 10)]
    pub(crate) max_redirs: u32,
    /// auto (by line), urls, or jsonl
    ///
    /// A line that is a URL has no blanks in it (they are written %20), since text after a URL is more often a remark. With
    /// `urls` the whole line is the URL, and its blanks are sent as %20.
    #[arg(
        long,
        value_name = "FORMAT",
        default_value = "auto",
        hide_possible_values = true
    )]
    pub(crate) input_format: InputFormat,
    /// Skip unknown keys of a line, with a warning
    ///
    /// Otherwise such a line is a failed result: a key that is misspelt may be what makes a request harmless.
    #[arg(long)]
    pub(crate) lenient: bool,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(crate) enum InputFormat {
    Auto,
    Urls,
    Jsonl,
}
