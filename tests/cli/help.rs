//! Help and version texts of the command.

use super::command::haul;

const GROUPS: [&str; 7] = [
    "Requests (defaults for every line; a JSON line overrides them):",
    "How fast:",
    "Time and retries:",
    "Results:",
    "Success, stopping, resuming:",
    "Connection:",
    "Messages:",
];

#[test]
fn help_has_a_short_and_a_long_form() {
    let short = haul(["-h"]).done().exits(0).stdout;
    let long = haul(["--help"]).done().exits(0).stdout;
    for text in [&short, &long] {
        let places: Vec<_> = GROUPS
            .iter()
            .map(|group| text.find(group).expect(group))
            .collect();
        assert!(places.is_sorted(), "{places:?}");
        assert!(
            text.lines().all(|line| line.chars().count() <= 120),
            "{text}"
        );
    }
    assert!(short.len() * 3 / 2 < long.len());
    assert!(short.lines().count() < 120);
    for said in [
        "Exit status:",
        "HAUL_MAX_TIME",
        "output_file",
        "First steps:",
    ] {
        assert!(long.contains(said), "{said}");
    }
}

#[test]
fn help_says_that_rejected_requests_are_in_no_failure_log() {
    let long = haul(["--help"]).done().exits(0).stdout;
    let words: Vec<_> = long.split_whitespace().collect();
    let text = words.join(" ");
    assert!(
        text.contains("Rejected requests (--require) have not failed: they are in the results, and in no failure log."),
        "{long}"
    );
}

#[test]
fn every_option_is_in_the_man_page_and_the_completions() {
    let short = haul(["-h"]).done().exits(0).stdout;
    let named = short
        .lines()
        .map(str::trim_start)
        .filter(|line| line.starts_with('-'));
    let options: Vec<&str> = named
        .filter_map(|line| line.split("--").nth(1)?.split([' ', '.']).next())
        .collect();
    assert!(options.len() > 50, "{options:?}");
    for what in ["man", "complete-bash", "complete-zsh", "complete-fish"] {
        let text = haul(["--generate", what])
            .done()
            .exits(0)
            .stdout
            .replace('\\', "");
        for option in &options {
            assert!(text.contains(option), "{what} lacks {option}");
        }
    }
}

#[test]
fn the_options_of_each_command_are_in_the_man_page_and_the_completions() {
    let generated = |what| {
        let text = haul(["--generate", what]).done().exits(0).stdout;
        text.replace('\\', "")
    };
    let man = generated("man");
    let (_, of_report) = man.split_once(".SH \"HAUL REPORT\"").unwrap();
    let long = haul(["report", "--help"]).done().exits(0).stdout;
    for option in ["by", "against", "fail-on", "fail-if", "html", "junit-cases"] {
        let option = format!("--{option}");
        assert!(long.contains(&option), "{option}");
        assert!(of_report.contains(&option), "the man page lacks {option}");
    }
    assert!(generated("complete-bash").contains("haul__subcmd__report"));
    assert!(generated("complete-zsh").contains("_haul__subcmd__report_commands"));
    let fish = generated("complete-fish");
    let of_report = fish
        .lines()
        .filter(|line| line.contains("subcommand report"));
    assert!(
        of_report.filter(|line| line.contains("-l against")).count() == 1,
        "{fish}"
    );
}

#[test]
fn haul_prints_its_version() {
    let version = concat!("haul ", env!("CARGO_PKG_VERSION"), "\n");
    assert_eq!(haul(["-V"]).done().exits(0).stdout, version);
    assert_eq!(haul(["--version"]).done().exits(0).stdout, version);
}
