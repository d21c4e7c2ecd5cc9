//! Rules for hosts, from the tables of the file of options.

use haul::settings::BreakerSettings;
use haul::{Adaptive, Client, ClientBuilder, HostRule};

use crate::arguments::{Arguments, HostOptions};
use crate::credentials::log_in;
use crate::failure::CommandError;
use crate::header_text::{self, headers};
use crate::pace::{rates, retry, timeouts};
use crate::units::JobsPerHost;

/// Adds a rule for each table.
pub(crate) fn with_host_rules(
    mut builder: ClientBuilder,
    arguments: &Arguments,
) -> Result<ClientBuilder, CommandError> {
    for table in &arguments.hosts {
        let (place, pattern) = (&table.place, &table.pattern);
        let told =
            |reason: &str| CommandError::usage(format!("{place}: host {pattern:?}: {reason}"));
        let rule = rule(table, arguments).map_err(|failure| told(failure.message()))?;
        // The library's error for all settings would not name the place.
        let alone = Client::builder().host_rule(pattern, rule.clone()).build();
        alone.map_err(|error| told(error.reason()))?;
        builder = builder.host_rule(&table.pattern, rule);
    }
    Ok(builder)
}

fn rule(table: &HostOptions, run: &Arguments) -> Result<HostRule, CommandError> {
    let own = &table.arguments;
    let mut rule = HostRule::new();
    if table.gives("jobs-per-host") {
        rule = match own.pace.jobs_per_host {
            // The number of requests at once of the whole run.
            JobsPerHost::Any => rule.max_in_flight(run.pace.jobs),
            JobsPerHost::Fixed(most) => rule.max_in_flight(most),
            JobsPerHost::Auto => rule.max_in_flight(Adaptive::new(1, run.pace.jobs)),
        };
    }
    for rate in rates("rate-per-host", &own.pace.rate_per_host, own.pace.burst)? {
        rule = rule.rate(rate);
    }
    if own.pace.burst.is_some() && own.pace.rate_per_host.is_empty() {
        return Err(CommandError::usage(
            "burst: it needs rate-per-host beside it",
        ));
    }
    if table.gives("breaker") {
        rule = rule.breaker(own.times.breaker.then(BreakerSettings::default));
    }
    rule = with_times(rule, table, run);
    rule = log_in(rule, &own.requests)?;
    if let Some(name) = &own.requests.user_agent {
        header_text::check("user-agent", name)?;
        if name.is_empty() {
            return Err(CommandError::usage(
                "user-agent: it cannot be left out for some hosts alone (a name is expected)",
            ));
        }
        rule = rule.header("user-agent", name);
    }
    for header in headers(&own.requests)? {
        let Some(value) = header.value else {
            return Err(CommandError::usage(format!(
                "header: {:?} cannot be left out for some hosts alone ('NAME: VALUE' is expected)",
                header.name
            )));
        };
        rule = rule.header(header.name, value);
    }
    Ok(rule)
}

/// Sets time limits and retries. An option that the table leaves out is that of the run.
fn with_times(mut rule: HostRule, table: &HostOptions, run: &Arguments) -> HostRule {
    let (own, mut times) = (&table.arguments.times, run.times.clone());
    if table.gives("max-time") {
        times.max_time = own.max_time;
    }
    if table.gives("connect-timeout") {
        times.connect_timeout = own.connect_timeout;
    }
    if table.gives("max-time") || table.gives("connect-timeout") {
        rule = rule.timeouts(timeouts(&times));
    }
    let mut changed = false;
    macro_rules! take {
        ($($long:literal $field:ident),*) => {
            $(if table.gives($long) {
                times.$field = own.$field.clone();
                changed = true;
            })*
        };
    }
    take!(
        "retry" retry, "retry-all-methods" retry_all_methods, "retry-delay" retry_delay,
        "retry-max-delay" retry_max_delay, "retry-on" retry_on, "retry-max-time" retry_max_time,
        "retry-after-max" retry_after_max, "no-retry-after" no_retry_after,
        "no-rate-limit-headers" no_rate_limit_headers, "pace-by-headers" pace_by_headers,
        "hedge" hedge
    );
    match changed {
        true => rule.retry(retry(&times)),
        false => rule,
    }
}
