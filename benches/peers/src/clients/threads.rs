//! A pool of threads by hand: URLs through one channel, results through another.

use std::thread;

use crossbeam_channel::bounded;

use super::Work;
use crate::AnyError;

/// Fetches with this closure, on as many threads as requests may be under way, and counts the successes.
pub(super) fn run(
    work: &Work,
    fetch: impl Fn(&str) -> Result<usize, AnyError> + Sync,
) -> Result<usize, AnyError> {
    let (feed, urls) = bounded::<String>(work.at_once * 2);
    let (done, results) = bounded(work.at_once * 2);
    thread::scope(|scope| {
        for _ in 0..work.at_once {
            let (fetch, urls, done) = (&fetch, urls.clone(), done.clone());
            thread::Builder::new().spawn_scoped(scope, move || {
                for url in urls {
                    let rows = fetch(&url);
                    if done.send((url, rows)).is_err() {
                        break;
                    }
                }
            })?;
        }
        drop((urls, done));
        let all = work.urls();
        scope.spawn(move || {
            for url in all {
                if feed.send(url).is_err() {
                    break;
                }
            }
        });
        Ok(results.iter().filter(|(_, rows)| rows.is_ok()).count())
    })
}
