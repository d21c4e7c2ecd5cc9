//! Guide: how to use this crate, one page for each subject.
//!
//! | page | subject |
//! |---|---|
//! | [batches] | the calls that start many requests at once; outcomes, layers of failure, progress, work on responses |
//! | [requests] | method, URL, headers, bodies, settings of one request; requests from the lines of a file; secrets |
//! | [retries] | which failures are tried again, waits, `Retry-After`, the budget of a host |
//! | [limits] | the six numbers that bound a batch; rates, rules for hosts, the circuit breaker, time limits |
//! | [announced_limits] | limits that a server announces in headers or bodies; budgets of tokens and points |
//! | [adaptive] | limits that follow what a host takes; second attempts of answers that are slow to come |
//! | [follow] | requests that answers lead to: pages by link and by cursor, crawls, duplicates |
//! | [records] | results, failure logs and SQLite; going on after a crash; sending again what failed |
//! | [output_formats] | tables, lines of text, compressed results; how bodies stand in them |
//! | [reports] | figures of finished runs: groups, comparisons of two runs, thresholds |
//! | [downloads] | bodies that go to files, go on after a cut, and are checked |
//! | [templates] | requests made of rows, names of saved files, bare domains |
//! | [streaming] | bodies as they come: chunks, event streams, NDJSON; bodies that are not wanted |
//! | [sessions] | TLS, proxies, addresses, cookies, credentials, redirects: what `requests.Session` does |
//! | [credentials] | passwords, tokens that expire, OAuth 2 |
//! | [command] | the `haul` command: options by subject, input and output lines, exit status |
//! | [everyday_jobs] | sixteen jobs for the command, each one line |
//! | [many_machines] | shards of one list on many machines, without a server |
//! | [many_machines_redis] | one queue in Redis or Valkey that any number of workers share |
//! | [input_formats] | lists for the command and for programs: CSV, JSON, sitemaps, earlier results, compressed files |
//! | [curl_options] | curl's options at the command: forms, netrc, cookies, addresses; options from a file |
//! | [testing] | tests of your program without a server: scripts, recorded exchanges, transports of your own |
//! | [coming_from_python] | `requests` and `urllib3`, each piece beside haul's; a table of Python names |
//! | [coming_from_futures] | `concurrent.futures`, each piece beside haul's |
//! | [ten_programs] | ten programs that talk to APIs, each beside its Python twin, with the lines counted |
//!
//! Newcomers read [batches] first, then the page of the subject that they need. Defaults stand in the tables of the pages.
//!
//! # Names and modules
//!
//! The usual types are at the root of the crate. The others are in modules: [`batch`](crate::batch),
//! `cookies`, [`outcome`](crate::outcome), [`redact`](crate::redact), [`request`](crate::request),
//! [`settings`](crate::settings), [`sink`](crate::sink), [`sse`](crate::sse), [`record`](crate::record), [`report`](crate::report),
//! [`summary`](crate::summary) and [`unversioned`](crate::unversioned). `AddressPolicy` and `RedirectPolicy` are in `settings`, `Multipart` is in `request`,
//! `CookieJar` in `cookies`, `InputLines` in `record`.
//!
//! # Examples
//!
//! The repository's folder `examples` has small programs, one idea each. `quickstart` prints a line for each of 200
//! outcomes, `fetch_list` reads a list, `items_into_structs` JSON, `post_json` sends JSON, `business_errors` and
//! `graphql_errors` show rejections, `verify_downloads` compares digests, `retry_policy` shows retries, `sign_requests` and
//! `aws_sigv4` signatures and tokens, `process_on_rayon` and `parse_where` work on responses, `throughput` speed.
//! `paginate` and `crawl` follow links, `link_checker` finds broken ones, `events` reads an event stream, and `serve` is the
//! quickstart's server by itself, to try them against. `examples/README.md` has them all.

#[doc = include_str!("batches.md")]
pub mod batches {}

#[doc = include_str!("requests.md")]
pub mod requests {}

#[doc = include_str!("retries.md")]
pub mod retries {}

#[doc = include_str!("limits.md")]
pub mod limits {}

#[doc = include_str!("announced_limits.md")]
pub mod announced_limits {}

#[doc = include_str!("adaptive.md")]
pub mod adaptive {}

#[doc = include_str!("follow.md")]
pub mod follow {}

#[doc = include_str!("records.md")]
pub mod records {}

#[doc = include_str!("output_formats.md")]
pub mod output_formats {}

#[doc = include_str!("reports.md")]
pub mod reports {}

#[doc = include_str!("downloads.md")]
pub mod downloads {}

#[doc = include_str!("templates.md")]
pub mod templates {}

#[doc = include_str!("streaming.md")]
pub mod streaming {}

#[doc = include_str!("sessions.md")]
pub mod sessions {}

#[doc = include_str!("credentials.md")]
pub mod credentials {}

#[doc = include_str!("command.md")]
pub mod command {}

#[doc = include_str!("everyday_jobs.md")]
pub mod everyday_jobs {}

#[doc = include_str!("many_machines.md")]
pub mod many_machines {}

#[doc = include_str!("many_machines_redis.md")]
pub mod many_machines_redis {}

#[doc = include_str!("input_formats.md")]
pub mod input_formats {}

#[doc = include_str!("curl_options.md")]
pub mod curl_options {}

#[doc = include_str!("testing.md")]
pub mod testing {}

#[doc = include_str!("coming_from_python.md")]
pub mod coming_from_python {}

#[doc = include_str!("coming_from_futures.md")]
pub mod coming_from_futures {}

#[doc = include_str!("ten_programs.md")]
pub mod ten_programs {}
