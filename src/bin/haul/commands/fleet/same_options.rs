//! Comparison of the options of a run with those of a later command, by their meaning.

use super::run_options::run_of;
use crate::units::rate;

/// Returns each option that means something else than the run's, with both values: `--retry: 2 (the run has 1)`.
pub(super) fn differences(of_run: &[String], given: &[String]) -> Vec<String> {
    let mut names: Vec<&str> = of_run.iter().chain(given).map(|text| name(text)).collect();
    names.sort_unstable();
    names.dedup();
    let of = |options: &[String], long: &str| -> Vec<String> {
        let own = options.iter().filter(|text| name(text) == long);
        own.cloned().collect()
    };
    let compared = names.into_iter().filter_map(|long| {
        let (run, own) = (of(of_run, long), of(given, long));
        let is_same = run == own || meaning(long, &run) == meaning(long, &own);
        (!is_same).then(|| {
            let run = match run.is_empty() {
                true => "the run does not have it".to_owned(),
                false => format!("the run has {}", shown(&run)),
            };
            let own = match shown(&own) {
                _ if own.is_empty() => "not given".to_owned(),
                value if value == "it" => "given".to_owned(),
                value => value,
            };
            format!("--{long}: {own} ({run})")
        })
    });
    compared.collect()
}

/// Long name of an option that is written `--NAME=VALUE`.
fn name(text: &str) -> &str {
    let text = text.trim_start_matches('-');
    text.split_once('=').map_or(text, |(name, _)| name)
}

fn value(text: &str) -> Option<&str> {
    text.split_once('=').map(|(_, value)| value)
}

fn shown(options: &[String]) -> String {
    let values: Vec<&str> = options
        .iter()
        .map(|text| value(text).unwrap_or("it"))
        .collect();
    values.join(", ")
}

/// Returns a text that is the same for two spellings of one meaning.
fn meaning(long: &str, options: &[String]) -> String {
    let mut options = options.to_vec();
    match long {
        "rate" | "rate-per-host" | "rate-cost" => return meaning_of_rates(long, &options),
        // The order of lines of other names has no meaning.
        "header" => options.sort_by_key(|text| header_name(text)),
        "accept" | "secret" => {
            let names = options.iter().filter_map(|text| value(text));
            let mut names: Vec<&str> = names.flat_map(|list| list.split(',')).collect();
            names.sort_unstable();
            names.dedup();
            options = vec![format!("--{long}={}", names.join(","))];
        }
        "require" => options.sort_unstable(),
        _ => {}
    }
    // An option that is given with its default means the same as none.
    match run_of(&options, &[]) {
        Ok(read) => format!("{read:?}"),
        Err(_) => options.join("\n"),
    }
}

fn header_name(text: &str) -> String {
    let text = value(text).unwrap_or_default();
    let name = text.split([':', ';']).next().unwrap_or_default();
    name.trim().to_ascii_lowercase()
}

fn meaning_of_rates(long: &str, options: &[String]) -> String {
    let values = options.iter().filter_map(|text| value(text));
    let read: Result<Vec<_>, _> = values
        .flat_map(|list| list.split(','))
        .map(|text| rate(text.trim()))
        .collect();
    let Ok(mut rates) = read else {
        return options.join("\n");
    };
    // Requests are spread evenly over a single window, so that only their distance counts.
    if let ([only], "rate" | "rate-per-host") = (rates.as_slice(), long) {
        return format!("one in {} ns", only.nanoseconds().round());
    }
    rates.sort_by_key(|rate| (rate.window, rate.to_string()));
    format!("{rates:?}")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn told(of_run: &[&str], given: &[&str]) -> Vec<String> {
        let texts = |list: &[&str]| {
            list.iter()
                .map(|text| (*text).to_owned())
                .collect::<Vec<_>>()
        };
        differences(&texts(of_run), &texts(given))
    }

    #[test]
    fn spellings_of_one_meaning_are_the_same() {
        let same: [(&[&str], &[&str]); 10] = [
            (&["--max-time=10s"], &["--max-time=10000ms"]),
            (&["--rate=60/m"], &["--rate=1/s"]),
            (&["--rate=1,300/m"], &["--rate=300/m", "--rate=1/s"]),
            (
                &["--header=A: 1", "--header=B: 2"],
                &["--header=B: 2", "--header=A: 1"],
            ),
            (&["--retry=2"], &[]),
            (&["--accept=200,404"], &["--accept=404,200"]),
            (&["--secret=a,b"], &["--secret=b", "--secret=a"]),
            (&["--retry-max-time=1m"], &["--retry-max-time=60"]),
            (&["--breaker"], &["--breaker"]),
            (
                &["--require=/a=1", "--require=/b=2"],
                &["--require=/b=2", "--require=/a=1"],
            ),
        ];
        for (one, other) in same {
            assert_eq!(told(one, other), [""; 0], "{one:?} {other:?}");
            assert_eq!(told(other, one), [""; 0], "{other:?} {one:?}");
        }
    }

    #[test]
    fn each_difference_is_told_with_both_values() {
        let differ: [(&[&str], &[&str], &str); 7] = [
            (&["--retry=1"], &["--retry=3"], "--retry: 3 (the run has 1)"),
            (&["--breaker"], &[], "--breaker: not given (the run has it)"),
            (
                &[],
                &["--breaker"],
                "--breaker: given (the run does not have it)",
            ),
            (
                &["--rate=60/m"],
                &["--rate=2/s"],
                "--rate: 2/s (the run has 60/m)",
            ),
            (
                &["--rate-cost=60/m"],
                &["--rate-cost=1/s"],
                "--rate-cost: 1/s (the run has 60/m)",
            ),
            (
                &["--header=A: 1", "--header=A: 2"],
                &["--header=A: 2", "--header=A: 1"],
                "--header: A: 2, A: 1 (the run has A: 1, A: 2)",
            ),
            (
                &["--header=A: 1"],
                &[],
                "--header: not given (the run has A: 1)",
            ),
        ];
        for (run, given, expected) in differ {
            assert_eq!(told(run, given), [expected]);
        }
    }
}
