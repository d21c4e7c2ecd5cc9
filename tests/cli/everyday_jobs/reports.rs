//! Jobs 14 to 16: figures of a run, a comparison of two, and bounds for a build.

use std::fs;

use super::super::command::Folder;
use super::{job, list, pages};

/// Line of a result, with times that are always the same.
fn result(n: u32, host: &str, status: u16) -> String {
    let outcome = match status {
        200 => r#""outcome":"success""#,
        _ => {
            r#""outcome":"failed","error_type":"http_status","error_msg":"500 Internal Server Error""#
        }
    };
    format!(
        r#"{{"v":1,"index":{n},"key":"2-{n:032x}",{outcome},"url":"http://{host}/{n}","method":"GET","attempts":1,"status":{status},"elapsed_ms":100,"ttfb_ms":1,"timestamp":"2026-08-22T10:15:00.000Z"}}"#
    ) + "\n"
}

#[test]
fn job_14_a_report_has_the_figures_of_each_host() {
    let (unused, folder) = (pages(), Folder::new());
    let run = [(0, "h", 200), (1, "h", 200), (2, "i", 500)];
    let run = run.map(|(n, host, status)| result(n, host, status));
    folder.file("run.jsonl", run.concat());
    let done = job(14, &folder, &unused).done().exits(0);
    assert_eq!(
        done.stdout,
        "Done in 0.10 s                        3 requests
  succeeded      2   66.7 %           statuses  200: 2  500: 1
  rejected       0
  cancelled      0
  failed         1   33.3 %           http_status 1
Latency of 3 responses, ms            mean 100.0   min 100   max 100
                                      p50 100   p90 100   p95 100   p99 100
  first byte  mean 1.0   p95 1.0
                                      30 requests/s
Worst hosts   i    1 request   1 failed   p95 100 ms
Top errors    1  http_status 500 Internal Server Error  e.g. line 3 http://i/2
By host      requests  succeeded  rejected  failed  p50 ms  p95 ms  max ms
http://i:80         1          0         0       1    99.8    99.8   100.0
http://h:80         2          2         0       0    99.8    99.8   100.0
"
    );
    assert_eq!(unused.requests(), 0);
}

#[test]
fn job_15_a_comparison_names_what_failed_newly() {
    let (unused, folder) = (pages(), Folder::new());
    folder.file("old.jsonl", result(0, "h", 200) + &result(1, "i", 200));
    folder.file("new.jsonl", result(1, "i", 500) + &result(0, "h", 200));
    let done = job(15, &folder, &unused).done().exits(1);
    assert_eq!(
        done.stdout,
        "2 requests in both runs
  newly failed            1
  mended                  0
  still failing           0
  status changed          1
  body changed            0 of 0 compared
Statuses      200 to 500: 1
Latency       2 hosts have too few responses for a comparison
Newly failed  line 2 http://i/1  500 http_status 500 Internal Server Error, was 200
"
    );
    assert_eq!(done.stderr, "haul: newly failed: 1 request (--fail-on)\n");
}

#[test]
fn job_16_a_build_fails_only_beyond_the_bounds() {
    let (server, folder) = (pages(), Folder::new());
    list(&folder, "urls.txt", &server, &["/1", "/2"]);
    let done = job(16, &folder, &server).done().exits(0);
    assert_eq!((done.stdout.as_str(), done.stderr.as_str()), ("", ""));
    fs::remove_file(folder.at("run.jsonl")).unwrap();
    list(&folder, "urls.txt", &server, &["/1", "/missing"]);
    let done = job(16, &folder, &server).done().exits(1);
    done.says("failed>1%").never_says("p95");
}
