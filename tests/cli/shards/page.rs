//! Commands of the guide's page `many_machines`, run as they stand there.

use super::super::command::{Folder, haul, shell};
use super::{by_key, list, records, server, whole};

const PAGE: &str = include_str!("../../../src/guide/many_machines.md");

/// Returns the text of the code block, of this kind, that follows a heading.
fn block<'t>(heading: &str, kind: &str) -> &'t str {
    let (_, after) = PAGE.split_once(&format!("\n# {heading}\n")).unwrap();
    let (_, block) = after.split_once(&format!("```{kind}\n")).unwrap();
    block.split_once("```").unwrap().0
}

#[test]
fn three_terminals_have_each_line_once_and_one_report() {
    let (server, folder) = (server(), Folder::new());
    let list = folder.file("urls.txt", list(&server, 60));
    for command in block("Shards", "sh").lines() {
        shell(command).current_dir(&folder).done();
    }
    let whole = whole(&list);
    assert_eq!(by_key(&records(&folder, 3).concat()), by_key(&whole));
    let (_, after) = PAGE
        .split_once("figures of all together:\n\n```sh\n")
        .unwrap();
    let mut commands = after.lines();
    let report = shell(commands.next().unwrap()).current_dir(&folder).done();
    let told = format!("{} requests", whole.len());
    assert!(report.stdout.contains(&told), "{}", report.stdout);
    let merge = shell(commands.next().unwrap()).current_dir(&folder);
    let told = format!(
        "{} records kept, of {} in 3 files",
        whole.len(),
        whole.len()
    );
    let merge = merge.done().exits(0);
    assert!(merge.stdout.starts_with(&told), "{}", merge.stdout);
}

#[test]
fn the_pods_of_a_job_have_each_line_once_also_if_some_are_killed() {
    let (server, folder) = (server(), Folder::new());
    let list = folder.file("urls.txt", list(&server, 200));
    let job = block("Kubernetes", "yaml");
    let (_, arguments) = job.split_once("args: [").unwrap();
    let arguments = arguments.split_once(']').unwrap().0.split(", ");
    let volume = folder.at("");
    let arguments: Vec<String> = arguments
        .map(|text| text.trim_matches('"').replace("/d/", &volume))
        .collect();
    let pod = |number: usize| {
        let run = haul(&arguments).and(["--retry", "0"]);
        run.env("JOB_COMPLETION_INDEX", &number.to_string()).start()
    };
    let mut pods: Vec<_> = (0..16).map(pod).collect();
    for number in [3, 7, 11, 3] {
        let next = server.requests() + 20;
        while server.requests() < next && !pods.iter_mut().all(|pod| pod.is_over()) {
            std::thread::yield_now();
        }
        pods[number].kill();
        pods[number].status();
        pods[number] = pod(number);
    }
    for pod in pods {
        pod.finish().exits(0);
    }
    assert_eq!(
        by_key(&records(&folder, 16).concat()),
        by_key(&whole(&list))
    );
    let merge = shell(block("Merge and verify", "sh").trim());
    merge.current_dir(&folder).done().exits(0);
}

#[test]
fn the_tasks_of_an_array_have_each_line_once() {
    let (server, folder) = (server(), Folder::new());
    let list = folder.file("urls.txt", list(&server, 60));
    let script = block("Slurm", "sh");
    for task in 0..16 {
        let run = shell(script).current_dir(&folder);
        let run = run.env("SLURM_ARRAY_TASK_ID", &task.to_string());
        let run = run.env("SLURM_ARRAY_TASK_MIN", "0");
        run.env("SLURM_ARRAY_TASK_MAX", "15").done().exits(0);
    }
    assert_eq!(
        by_key(&records(&folder, 16).concat()),
        by_key(&whole(&list))
    );
}
