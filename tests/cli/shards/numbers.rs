//! Texts of `--shard`, and variables of Kubernetes and Slurm.

use super::super::command::{Haul, haul};

/// Builds a dry run of a shard of twenty lines.
fn dry(shard: &str) -> Haul {
    let lines: String = (0..20).map(|n| format!("http://h/{n}\n")).collect();
    haul(["--dry-run", "--shard", shard, "-"]).input(lines)
}

fn with(run: Haul, variables: &[(&str, &str)]) -> Haul {
    let set = |run: Haul, (name, value): &(&str, &str)| run.env(name, value);
    variables.iter().fold(run, set)
}

#[test]
fn a_dry_run_shows_the_lines_of_the_shard() {
    let shown = |shard: &str| dry(shard).done().exits(0).stdout;
    let all: Vec<String> = (0..3).map(|i| shown(&format!("{i}/3"))).collect();
    let mut lines: Vec<&str> = all.iter().flat_map(|text| text.lines()).collect();
    let whole = shown("0/1");
    let mut expected: Vec<&str> = whole.lines().collect();
    assert_eq!(expected.len(), 20);
    lines.sort_unstable();
    expected.sort_unstable();
    assert_eq!(lines, expected);
}

#[test]
fn a_task_of_kubernetes_or_slurm_takes_the_shard_of_its_number() {
    let expected = dry("2/4").done().exits(0).stdout;
    assert!(!expected.is_empty());
    let slurm = [
        ("SLURM_ARRAY_TASK_ID", "12"),
        ("SLURM_ARRAY_TASK_MIN", "10"),
        ("SLURM_ARRAY_TASK_MAX", "13"),
    ];
    let both = [("JOB_COMPLETION_INDEX", "2"), ("SLURM_ARRAY_TASK_ID", "0")];
    for variables in [&both[..1], &slurm[..], &slurm[..2], &both[..]] {
        let shown = with(dry("auto/4"), variables).done().exits(0).stdout;
        assert_eq!(shown, expected, "{variables:?}");
    }
}

#[test]
fn a_rerun_of_some_tasks_of_slurm_is_refused() {
    let variables = [
        ("SLURM_ARRAY_TASK_ID", "3"),
        ("SLURM_ARRAY_TASK_MIN", "3"),
        ("SLURM_ARRAY_TASK_MAX", "7"),
    ];
    let done = with(dry("auto/16"), &variables).done().exits(2);
    done.says(
        "haul: --shard: auto/16: the tasks of the Slurm array are 3 to 7, and not 16 in number",
    );
}

#[test]
fn a_missing_or_bad_variable_is_named() {
    let none = dry("auto/16").done().exits(2);
    none.says("haul: --shard: auto/16: neither JOB_COMPLETION_INDEX (Kubernetes) nor SLURM_ARRAY_TASK_ID (Slurm) is set");
    for value in ["16", "", "one", "-1"] {
        let run = dry("auto/16").env("JOB_COMPLETION_INDEX", value);
        let told = format!("JOB_COMPLETION_INDEX is {value:?} (a number from 0 to 15 is expected)");
        run.done().exits(2).says(&told);
    }
}

#[test]
fn other_text_is_no_shard() {
    for text in [
        "16/16", "3", "x/2", "0/0", "auto/0", "auto/", "auto", "1/2/3",
    ] {
        let told =
            format!("haul: --shard: not a shard: {text:?} (I/N with I from 0 to N-1, or auto/N)\n");
        let done = dry(text).done().exits(2).says(&told);
        assert_eq!(done.stdout, "");
    }
    dry("0/100001")
        .done()
        .exits(2)
        .says("(I/N with N up to 100000, or auto/N)");
}

#[test]
fn the_shard_may_come_from_the_environment() {
    let expected = dry("1/3").done().exits(0).stdout;
    let lines: String = (0..20).map(|n| format!("http://h/{n}\n")).collect();
    let run = haul(["--dry-run", "-"]).input(lines);
    assert_eq!(
        run.env("HAUL_SHARD", "1/3").done().exits(0).stdout,
        expected
    );
    let bad = haul(["--dry-run", "-"])
        .env("HAUL_SHARD", "3/3")
        .done()
        .exits(2);
    bad.says("haul: HAUL_SHARD: not a shard: \"3/3\"");
}

#[test]
fn a_way_of_sharding_needs_a_shard() {
    let done = haul(["--shard-by", "host", "http://h/"]).done().exits(2);
    done.says("--shard <I/N>");
}
