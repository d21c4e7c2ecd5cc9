//! Rule about the first paragraph of a public item's documentation, which lists and search results show alone.

use crate::source::Tree;

/// Most characters of a summary, markup included.
const SUMMARY: usize = 100;

pub(crate) fn summaries(tree: &Tree) -> Vec<String> {
    let mut complaints = Vec::new();
    let library = |path: &str| !path.starts_with("src/bin/");
    for file in tree.files.iter().filter(|file| library(&file.path)) {
        let lines: Vec<&str> = file.text.iter().map(String::as_str).collect();
        for (line, summary) in summaries_of(&lines, is_public_module(tree, &file.module)) {
            let length = summary.chars().count();
            if length > SUMMARY {
                complaints.push(format!(
                    "{}:{line}: a summary of {length} characters, more than {SUMMARY}: {summary}",
                    file.path
                ));
            }
        }
    }
    complaints
}

/// True for the root of the crate and the modules that it makes public.
fn is_public_module(tree: &Tree, module: &[String]) -> bool {
    let root = tree.files.iter().find(|file| file.path == "src/lib.rs");
    match module {
        [] => true,
        [name] => root.is_some_and(|root| !root.find(&["pub", "mod", name]).is_empty()),
        _ => false,
    }
}

/// Returns the line and the text of each summary: of the module if `with_module`, of `pub` items, and of what belongs
/// to a `pub` enum or trait or stands in the call of a macro.
fn summaries_of(lines: &[&str], with_module: bool) -> Vec<(usize, String)> {
    let mut found = Vec::new();
    // Indentation of the public enum or trait, or of the call of a macro, that the current line is in.
    let mut container: Option<usize> = None;
    let mut at = 0;
    while at < lines.len() {
        let (line, indent) = (lines[at].trim_start(), indent(lines[at]));
        let marker = ["///", "//!"].iter().find(|m| line.starts_with(**m));
        if let Some(marker) = marker {
            let is_doc = |line: &&&str| line.trim_start().starts_with(marker);
            let docs = lines[at..].iter().take_while(is_doc).count();
            let item = item_after(lines, at + docs);
            let is_public = match *marker {
                "//!" => with_module && at == 0,
                _ => item.starts_with("pub ") || container.is_some_and(|outer| indent > outer),
            };
            if is_public {
                found.push((at + 1, first_paragraph(&lines[at..at + docs])));
            }
            at += docs;
            continue;
        }
        // A macro of the crate may make a public type of its input.
        let is_open = line.starts_with("pub enum ")
            || line.starts_with("pub trait ")
            || indent == 0 && line.ends_with("! {") && line != "thread_local! {";
        if is_open {
            container = Some(indent);
        } else if line.starts_with('}') && container == Some(indent) {
            container = None;
        }
        at += 1;
    }
    found
}

/// Returns the first line from `at` on that is no comment and no part of an attribute.
fn item_after<'a>(lines: &[&'a str], mut at: usize) -> &'a str {
    while let Some(line) = lines.get(at).map(|line| line.trim()) {
        if line.starts_with("//") {
            at += 1;
            continue;
        }
        if !line.starts_with("#[") {
            return line;
        }
        while lines
            .get(at)
            .is_some_and(|line| !line.trim_end().ends_with(']'))
        {
            at += 1;
        }
        at += 1;
    }
    ""
}

fn first_paragraph(docs: &[&str]) -> String {
    let text = docs.iter().map(|line| line.trim_start()[3..].trim());
    let paragraph: Vec<&str> = text.take_while(|line| !line.is_empty()).collect();
    paragraph.join(" ")
}

fn indent(line: &str) -> usize {
    line.len() - line.trim_start().len()
}
