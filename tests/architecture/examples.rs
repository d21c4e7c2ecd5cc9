//! Rules about the examples: each is short, and named in their index; the project's papers name no other.

/// Most lines of an example. The server that they share stands apart.
const EXAMPLE: usize = 80;

/// Complaints about examples that are too long or missing in the index, and about rows of the index without an example.
pub(crate) fn examples(files: &[(String, String)], index: &str) -> Vec<String> {
    let mut complaints = Vec::new();
    for (path, text) in files {
        let Some(name) = name(path) else { continue };
        let lines = text.lines().count();
        if lines > EXAMPLE {
            complaints.push(format!(
                "{path}:{lines}: more than {EXAMPLE} lines are two ideas"
            ));
        }
        if !index.contains(&format!("\n| [`{name}`]({name}.rs) |")) {
            complaints.push(format!("{path}: examples/README.md has no row for {name}"));
        }
    }
    let rows = index.lines().filter_map(|line| line.strip_prefix("| [`"));
    for row in rows.filter_map(|row| row.split('`').next()) {
        if !exists(files, row) {
            complaints.push(format!("examples/README.md: there is no example {row}"));
        }
    }
    complaints
}

/// Complaints about text that names an example, as `examples/NAME.rs` or `--example NAME`, which is not there.
pub(crate) fn named(path: &str, text: &str, files: &[(String, String)]) -> Vec<String> {
    let mut complaints = Vec::new();
    for (number, line) in (1..).zip(text.lines()) {
        let by_path = line.split("examples/").skip(1).map(|rest| {
            let end = rest.find(|c: char| !c.is_alphanumeric() && !"_/.".contains(c));
            rest[..end.unwrap_or(rest.len())].trim_end_matches(['.', '/'])
        });
        for file in by_path.filter(|file| file.ends_with(".rs")) {
            if !files
                .iter()
                .any(|(path, _)| path.ends_with(&format!("examples/{file}")))
            {
                complaints.push(format!("{path}:{number}: there is no examples/{file}"));
            }
        }
        for rest in line.split("--example ").skip(1) {
            let end = rest.find(|c: char| !c.is_alphanumeric() && c != '_');
            let example = &rest[..end.unwrap_or(rest.len())];
            // In capitals it stands for a name.
            if example.chars().any(char::is_lowercase) && !exists(files, example) {
                complaints.push(format!("{path}:{number}: there is no example {example}"));
            }
        }
    }
    complaints
}

fn exists(files: &[(String, String)], wanted: &str) -> bool {
    files.iter().any(|(path, _)| name(path) == Some(wanted))
}

/// Returns the name of the example that a file is. `None`: the file is a part of examples, such as their server.
fn name(path: &str) -> Option<&str> {
    let file = path.strip_prefix("examples/")?;
    file.strip_suffix("/main.rs")
        .or_else(|| file.strip_suffix(".rs").filter(|name| !name.contains('/')))
}
