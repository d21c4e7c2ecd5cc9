//! Lines of results and requests of an input, as tests make them.

use std::fs;
use std::path::PathBuf;

use haul::record::Key;
use haul::sink::{Merge, MergeError, MergeReport};
use test_support::Folder;

/// Returns the URL with this number.
pub(crate) fn url(n: u64) -> String {
    format!("http://h/{n}")
}

/// Line of results, without its line feed.
#[derive(Clone, Debug)]
pub(crate) struct Line {
    /// Number of the URL of the request, or of the first page of its list.
    pub(crate) n: u64,
    pub(crate) index: u64,
    pub(crate) is_success: bool,
    pub(crate) supersedes: bool,
    /// Number of the page. `None`: the request is of no list.
    pub(crate) page: Option<u32>,
    /// Tells lines apart that are equal otherwise.
    pub(crate) time: u64,
}

impl Line {
    /// Line of a success at the position of its number.
    pub(crate) fn of(n: u64) -> Line {
        Line {
            n,
            index: n,
            is_success: true,
            supersedes: false,
            page: None,
            time: 0,
        }
    }

    pub(crate) fn failed(self) -> Line {
        Line {
            is_success: false,
            ..self
        }
    }

    pub(crate) fn superseding(self) -> Line {
        Line {
            supersedes: true,
            ..self
        }
    }

    pub(crate) fn at(self, index: u64) -> Line {
        Line { index, ..self }
    }

    pub(crate) fn later(self, time: u64) -> Line {
        Line { time, ..self }
    }

    pub(crate) fn page(self, page: u32) -> Line {
        Line {
            page: Some(page),
            ..self
        }
    }

    /// Returns the line as text.
    pub(crate) fn text(&self) -> String {
        let key = |url: String| Key::of(&url.into()).to_string();
        let seed = key(url(self.n));
        let own = match self.page {
            None | Some(1) => url(self.n),
            Some(page) => format!("{}?page={page}", url(self.n)),
        };
        let page = self.page.map_or(String::new(), |page| {
            format!(r#","seed":"{seed}","page":{page}"#)
        });
        let outcome = match self.is_success {
            true => r#""outcome":"success""#,
            false => r#""outcome":"failed","error_type":"timeout""#,
        };
        let supersedes = if self.supersedes {
            r#","supersedes":true"#
        } else {
            ""
        };
        format!(
            r#"{{"v":1,"index":{},"key":"{}"{page},{outcome},"url":"{own}","queued_ms":{}{supersedes}}}"#,
            self.index,
            key(own.clone()),
            self.time,
        )
    }
}

/// Files of results in a folder, and a merge of them.
pub(crate) struct History {
    pub(crate) folder: Folder,
    pub(crate) results: Vec<PathBuf>,
}

impl History {
    /// Writes files with these texts, each of whole lines or torn ones.
    pub(crate) fn of(files: &[String]) -> History {
        let folder = Folder::new();
        let write = |(n, text): (usize, &String)| folder.write(&format!("r-{n}.jsonl"), text);
        let results = files.iter().enumerate().map(write).collect();
        History { folder, results }
    }

    /// Writes files with these lines.
    pub(crate) fn of_lines(files: &[&[Line]]) -> History {
        let text = |lines: &&[Line]| lines.iter().map(|line| line.text() + "\n").collect();
        History::of(&files.iter().map(text).collect::<Vec<String>>())
    }

    pub(crate) fn output(&self) -> PathBuf {
        self.folder.file("all.jsonl")
    }

    /// Merges the files with the URLs of these numbers as the input. `None`: there is no input.
    pub(crate) fn merge(
        &self,
        input: Option<&[u64]>,
        memory: u64,
    ) -> Result<MergeReport, MergeError> {
        let merge = Merge::new()
            .memory(memory)
            .temp_dir(self.folder.path())
            .overwrite(true);
        match input {
            Some(input) => {
                merge.verify(input.iter().copied().map(url), &self.results, self.output())
            }
            None => merge.run(&self.results, self.output()),
        }
    }

    /// Lines of the output.
    pub(crate) fn merged(&self) -> Vec<String> {
        let text = fs::read_to_string(self.output()).unwrap();
        text.lines().map(str::to_owned).collect()
    }
}
