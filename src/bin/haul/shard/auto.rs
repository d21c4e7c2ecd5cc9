//! Number of the shard, as Kubernetes and Slurm give it to a task.

/// Variable of an indexed job of Kubernetes.
const INDEX: &str = "JOB_COMPLETION_INDEX";
/// Variables of a job array of Slurm.
const TASK: &str = "SLURM_ARRAY_TASK_ID";
const FIRST: &str = "SLURM_ARRAY_TASK_MIN";
const LAST: &str = "SLURM_ARRAY_TASK_MAX";
const COUNT: &str = "SLURM_ARRAY_TASK_COUNT";

/// Returns the number of the shard among `count`. `variable`: returns the value of an environment variable.
///
/// # Errors
/// When no variable has the number, or an array of Slurm has another size: a rerun of some tasks would take the numbers
/// of others.
pub(super) fn number(count: u32, variable: impl Fn(&str) -> Option<String>) -> Result<u32, String> {
    if let Some(text) = variable(INDEX) {
        let number = plain(&text).and_then(|number| below(number, count));
        return number.ok_or_else(|| {
            format!(
                "{INDEX} is {text:?} (a number from 0 to {} is expected)",
                count - 1
            )
        });
    }
    let read = |name: &str| {
        let value = variable(name);
        value.map(|text| {
            plain(&text).ok_or_else(|| format!("{name} is {text:?} (a number is expected)"))
        })
    };
    let Some(task) = read(TASK) else {
        return Err(format!(
            "neither {INDEX} (Kubernetes) nor {TASK} (Slurm) is set (I/N gives the number itself)"
        ));
    };
    let task = task?;
    let first = read(FIRST).unwrap_or_else(|| Err(format!("{TASK} is set, and {FIRST} is not")))?;
    if let Some(last) = read(LAST) {
        let last = last?;
        let size = last.checked_sub(first).and_then(|less| less.checked_add(1));
        if size != Some(u64::from(count)) {
            return Err(format!(
                "the tasks of the Slurm array are {first} to {last}, and not {count} in number (I/{count} runs single shards again)"
            ));
        }
    }
    if let Some(tasks) = read(COUNT) {
        let tasks = tasks?;
        if tasks != u64::from(count) {
            return Err(format!(
                "the Slurm array has {tasks} tasks, and not {count} (I/{count} runs single shards again)"
            ));
        }
    }
    let number = task
        .checked_sub(first)
        .and_then(|number| below(number, count));
    number.ok_or_else(|| {
        format!("{TASK} is {task}, and {FIRST} is {first}: that is none of {count} tasks")
    })
}

fn plain(text: &str) -> Option<u64> {
    let is_number = !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit());
    is_number.then(|| text.parse().ok()).flatten()
}

fn below(number: u64, count: u32) -> Option<u32> {
    u32::try_from(number).ok().filter(|number| *number < count)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn found(count: u32, variables: &[(&str, &str)]) -> Result<u32, String> {
        number(count, |name| {
            let found = variables.iter().find(|(other, _)| *other == name);
            found.map(|(_, value)| (*value).to_owned())
        })
    }

    #[test]
    fn an_array_with_holes_is_refused() {
        let ends = [(TASK, "3"), (FIRST, "1"), (LAST, "3")];
        let holes = [ends.as_slice(), &[(COUNT, "2")]].concat();
        assert!(found(3, &holes).unwrap_err().contains("has 2 tasks"));
        let whole = [ends.as_slice(), &[(COUNT, "3")]].concat();
        assert_eq!(found(3, &whole), Ok(2));
    }

    #[test]
    fn kubernetes_comes_before_slurm() {
        let slurm = [(TASK, "3"), (FIRST, "1"), (LAST, "16")];
        assert_eq!(found(16, &slurm), Ok(2));
        let both = [slurm.as_slice(), &[(INDEX, "7")]].concat();
        assert_eq!(found(16, &both), Ok(7));
    }

    #[test]
    fn an_array_without_a_last_task_is_taken_as_whole() {
        assert_eq!(found(4, &[(TASK, "12"), (FIRST, "10")]), Ok(2));
    }

    #[test]
    fn a_rerun_of_some_tasks_is_refused() {
        for (first, last) in [("3", "7"), ("0", "14"), ("0", "16"), ("7", "3")] {
            let reason = found(16, &[(TASK, "7"), (FIRST, first), (LAST, last)]).unwrap_err();
            let tasks = format!("the tasks of the Slurm array are {first} to {last}, ");
            assert!(reason.starts_with(&tasks), "{reason}");
        }
    }

    #[test]
    fn variables_that_give_no_number_are_named() {
        for (variables, told) in [
            (&[][..], "neither JOB_COMPLETION_INDEX (Kubernetes) nor"),
            (
                &[(INDEX, "")],
                "JOB_COMPLETION_INDEX is \"\" (a number from 0 to 15",
            ),
            (&[(INDEX, "16")], "JOB_COMPLETION_INDEX is \"16\""),
            (&[(INDEX, "-1")], "JOB_COMPLETION_INDEX is \"-1\""),
            (&[(INDEX, "+1")], "JOB_COMPLETION_INDEX is \"+1\""),
            (
                &[(TASK, "1")],
                "SLURM_ARRAY_TASK_ID is set, and SLURM_ARRAY_TASK_MIN is not",
            ),
            (&[(TASK, "x"), (FIRST, "0")], "SLURM_ARRAY_TASK_ID is \"x\""),
            (&[(TASK, "1"), (FIRST, "")], "SLURM_ARRAY_TASK_MIN is \"\""),
            (
                &[(TASK, "1"), (FIRST, "0"), (LAST, "y")],
                "SLURM_ARRAY_TASK_MAX is \"y\"",
            ),
            (
                &[(TASK, "1"), (FIRST, "2")],
                "SLURM_ARRAY_TASK_ID is 1, and SLURM_ARRAY_TASK_MIN is 2",
            ),
            (&[(TASK, "16"), (FIRST, "0")], "SLURM_ARRAY_TASK_ID is 16"),
        ] {
            let reason = found(16, variables).unwrap_err();
            assert!(reason.starts_with(told), "{reason}");
        }
    }
}
