//! Options of curl, wget, aria2c, xargs, GNU parallel, HTTPie, ab, hey, wrk and Python scripts, with haul's
//! counterparts.

/// Names of one meaning, separated by blanks, and haul's counterpart: text that continues "haul has".
const OPTIONS: &[(&str, &str)] = &[
    (
        "--timeout --time-out --max-timeout --request-timeout --read-timeout --response-timeout",
        "-m/--max-time for one attempt, --connect-timeout, and --max-run-time for the whole run",
    ),
    (
        "--concurrency --concurrent --max-concurrency --threads --num-threads --workers --max-workers \
         --num-workers --parallelism --max-procs --processes --connections --clients \
         --max-concurrent-downloads --parallel-requests",
        "-j/--jobs",
    ),
    (
        "-T",
        "-m/--max-time for a time limit, and body_file in a JSON line for uploads",
    ),
    (
        "-t",
        "-m/--max-time for a time limit, -j/--jobs for a number of threads",
    ),
    (
        "--max-connection-per-server --max-per-host --per-host --concurrency-per-host --limit-per-host \
         --parallel-max-host",
        "--jobs-per-host",
    ),
    (
        "-r --retries --max-retries --retry-count --num-retries --retry-connrefused --retry-all-errors",
        "--retry N, the number of retries after the first attempt",
    ),
    (
        "--tries --max-tries --attempts --max-attempts",
        "--retry N, which does not count the first attempt",
    ),
    (
        "--retry-wait --waitretry --retry-interval --backoff --retry-backoff --backoff-factor",
        "--retry-delay and --retry-max-delay",
    ),
    (
        "--retry-status --retry-on-http-error --status-forcelist",
        "--retry-on",
    ),
    (
        "-J --remote-header-name --trust-server-names",
        "--content-disposition beside --output-dir",
    ),
    ("--proto-default --default-scheme", "--scheme"),
    (
        "-O --out --outfile --out-file --output-file --output-document --remote-name --remote-name-all \
         --save --download --results --download-dir",
        "-o/--output for the results, --output-dir for files of their own",
    ),
    (
        "--directory-prefix --dir --directory --out-dir --outdir --create-dirs --save-dir",
        "--output-dir",
    ),
    (
        "-i --input-file --input --url-file --urls --url-list --urls-from-file --arg-file --from-file --file \
         --list --url",
        "no option for its input: files and URLs are arguments (haul urls.txt), and - is standard input",
    ),
    (
        "--no-check-certificate --check-certificate --no-verify --skip-verify --insecure-skip-verify \
         --no-ssl-verify --no-verify-ssl",
        "-k/--insecure",
    ),
    (
        "--verify --ca-certificate --ca-cert --ca-file --cafile --ca-bundle --capath",
        "--cacert and -k/--insecure",
    ),
    (
        "--certificate --client-cert --client-certificate",
        "-E/--cert",
    ),
    ("--private-key --cert-key --client-key", "--key"),
    ("-U --agent --useragent --ua", "-A/--user-agent"),
    (
        "-a --auth --username --password --basic --http-user --http-password --http-passwd --basic-auth",
        "-u/--user USER:PASS",
    ),
    (
        "--token --auth-token --bearer-token --oauth2-bearer --access-token",
        "--bearer",
    ),
    (
        "--spider --no-body --head-only",
        "-I/--head, and --head-or-get for servers that refuse it",
    ),
    ("--method --verb --http-method", "-X/--request"),
    (
        "--data-raw --data-binary --data-ascii --data-urlencode --post-data --post-file --body-data \
         --body-file --payload --raw",
        "-d/--data, --json, and body, form and body_file in a JSON line",
    ),
    (
        "--upload-file --multipart --files",
        "-F/--form NAME=@FILE, and form and body_file in a JSON line",
    ),
    (
        "-G --get --params --param --query --query-string",
        "--url-query NAME=VALUE",
    ),
    ("--headers --add-header --http-header", "-H/--header"),
    ("-e --referer --referrer", "-H 'Referer: URL'"),
    (
        "--cookies --load-cookies --cookie-file",
        "-b/--cookie 'NAME=VALUE' or a file",
    ),
    ("--save-cookies --cookiejar --jar", "-c/--cookie-jar FILE"),
    ("--netrc-optional", "-n/--netrc and --netrc-file"),
    ("--connect-to --resolve-to", "--resolve HOST:PORT:ADDRESS"),
    (
        "--bind --bind-address --local-address --source-address --local-addr",
        "--interface, with a name or an address",
    ),
    ("--trust-env --use-env-proxy", "--proxy-from-env"),
    (
        "--rps --qps --requests-per-second --rate-limit --throttle --delay \
         --wait --sleep --max-rate",
        "--rate, requests in a time, and --rate-per-host",
    ),
    (
        "--follow --follow-redirects --max-redirect --max-redirects --no-follow --no-location --no-redirect \
         --no-redirects --location-trusted --allow-redirects",
        "--max-redirs, and 0 follows none",
    ),
    (
        "--no-progress --no-progress-meter --no-progress-bar --no-verbose --no-bar --hide-progress",
        "--progress none, also written -s",
    ),
    (
        "-# --progress-bar --bar --eta --show-progress",
        "--progress bar",
    ),
    (
        "--debug --trace --trace-ascii --log-level --loglevel",
        "-v, one line per request, and -vv, a log",
    ),
    (
        "-D --include --dump-header --show-headers --print-headers --response-headers --server-response \
         --save-headers",
        "--include-headers",
    ),
    (
        "--all-proxy --http-proxy --https-proxy --socks5 --socks5-hostname --preproxy --proxy-url",
        "-x/--proxy",
    ),
    ("--no-proxy", "--noproxy"),
    ("--resume-failed --resume-run", "--resume"),
    (
        "--resume-from --continue-from",
        "--continue for files, and --resume for the results",
    ),
    ("--no-clobber", "--skip-existing"),
    ("-N -R --remote-time", "--timestamping"),
    ("--range", "-H 'Range: bytes=0-99'"),
    (
        "--proxy-user",
        "-x/--proxy, with USER:PASS@ before the proxy's name",
    ),
    (
        "--max-download-limit --max-overall-download-limit --bandwidth",
        "--limit-rate",
    ),
    (
        "--checksum --sha256 --check",
        "--checksums FILE, and sha256 in a JSON line",
    ),
    (
        "--force --clobber --allow-overwrite --replace",
        "--overwrite",
    ),
    (
        "--keep-order --in-order --preserve-order --sorted",
        "--ordered",
    ),
    (
        "--halt --halt-on-error --fail-fast --exit-on-error --stop-on-error --abort-on-error",
        "--fail-early and --max-failures",
    ),
    (
        "--max-errors --max-fail --max-error --error-limit",
        "--max-failures",
    ),
    (
        "-z --duration --time-limit --timelimit --total-timeout --max-duration --deadline --stop",
        "--max-run-time",
    ),
    (
        "--requests --number --num-requests --count --repeat",
        "no number of requests: each line of its input is one",
    ),
    (
        "--joblog --log --log-file --logfile --errors --error-log --failed",
        "--failures",
    ),
    (
        "--dryrun --simulate --just-print --offline --print-only",
        "--dry-run",
    ),
    (
        "-K --conf-path --config-file",
        "--config FILE, with options as TOML, and a variable for every option (HAUL_MAX_TIME)",
    ),
    ("--inet4-only --ipv4-only", "-4/--ipv4"),
    ("--inet6-only --ipv6-only", "-6/--ipv6"),
    (
        "--http2 --http1.1 --http1.0 --http3 --http2-prior-knowledge",
        "no choice of a version: it speaks HTTP/1.1",
    ),
    (
        "--base --baseurl --host --url-prefix --prefix",
        "--base-url",
    ),
    (
        "--output-format --print",
        "--format csv, tsv, jsonl or text, and --select for the values",
    ),
    ("--ignore-errors --ignore-failures --no-fail", "--exit-zero"),
    (
        "--ok-status --expect-status --success-codes --status-codes --valid-status",
        "--accept",
    ),
    ("--max-size --max-file-size --quota", "--max-filesize"),
];

/// Returns haul's counterpart of another tool's option, given as the user typed it: `--timeout`, `--max_workers`, `-c`.
/// `None`: the option is not known.
pub(crate) fn counterpart(typed: &str) -> Option<&'static str> {
    let name = match typed.starts_with("--") {
        true => typed.to_ascii_lowercase().replace('_', "-"),
        false => typed.to_owned(),
    };
    let found = OPTIONS
        .iter()
        .find(|(names, _)| names.split_whitespace().any(|known| known == name));
    found.map(|(_, has)| *has)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_option_is_known_in_the_spellings_of_shells_and_of_python() {
        for (typed, has) in [
            ("--timeout", "-m/--max-time"),
            ("--max_workers", "-j/--jobs"),
            ("--threads", "-j/--jobs"),
            ("--retries", "--retry"),
            ("--no-check-certificate", "-k/--insecure"),
            ("--output-document", "-o/--output"),
        ] {
            assert!(counterpart(typed).expect(typed).starts_with(has), "{typed}");
        }
        assert_eq!(counterpart("--no-such-option"), None);
        assert_eq!(counterpart("-N"), Some("--timestamping"));
    }

    #[test]
    fn each_name_stands_in_the_table_once() {
        let mut names: Vec<&str> = OPTIONS
            .iter()
            .flat_map(|(names, _)| names.split_whitespace())
            .collect();
        let all = names.len();
        names.sort_unstable();
        names.dedup();
        assert_eq!(names.len(), all);
    }

    #[test]
    fn no_option_of_haul_is_called_foreign() {
        let command = crate::arguments::command();
        for argument in command.get_arguments() {
            let long = argument.get_long_and_visible_aliases().unwrap_or_default();
            let short = argument.get_short_and_visible_aliases().unwrap_or_default();
            let long = long.iter().map(|name| format!("--{name}"));
            let short = short.iter().map(|name| format!("-{name}"));
            for name in long.chain(short) {
                assert_eq!(counterpart(&name), None, "{name}");
            }
        }
    }

    #[test]
    fn every_option_that_is_named_exists() {
        let command = crate::arguments::command();
        let exists = |word: &str| {
            command
                .get_arguments()
                .any(|argument| match word.strip_prefix("--") {
                    Some(long) => argument.get_long() == Some(long),
                    None => argument.get_short() == word.chars().nth(1),
                })
        };
        for (_, has) in OPTIONS {
            let words = has.split(|c: char| !(c.is_ascii_alphanumeric() || c == '-'));
            for word in words.filter(|word| word.starts_with('-') && word.len() > 1) {
                // -vv is -v twice.
                let word = if word == "-vv" { "-v" } else { word };
                assert!(exists(word), "{word} in {has}");
            }
        }
    }
}
