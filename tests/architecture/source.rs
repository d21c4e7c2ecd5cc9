//! Rust source as this test needs it: tokens with their lines, without comments, strings and test code, and the paths
//! they spell. This is no full parser: it only follows `use` lines and qualified names.

use std::collections::{BTreeMap, HashSet};
use std::path::Path;

/// All of src, or a small tree that a test of this test puts in its place.
pub(crate) struct Tree {
    pub(crate) files: Vec<File>,
    /// Paths and texts of the tests and benches, which stand outside of src.
    pub(crate) outside: Vec<(String, String)>,
}

pub(crate) struct File {
    /// Path, such as `src/retry/mod.rs`.
    pub(crate) path: String,
    /// Module, such as `["retry"]`; empty for lib.rs, and `["bin", "haul"]` for the root of the command.
    pub(crate) module: Vec<String>,
    pub(crate) tokens: Vec<Token>,
    /// Every line as written, test code included.
    pub(crate) text: Vec<String>,
    pub(crate) imports: Vec<Import>,
}

pub(crate) struct Token {
    pub(crate) text: String,
    pub(crate) line: usize,
}

/// A name of this crate that a file uses.
pub(crate) struct Import {
    pub(crate) line: usize,
    /// Path as resolved from the root of the crate: `["retry", "backoff", "share"]`.
    pub(crate) path: Vec<String>,
    /// True if the name is handed on (`pub use`) and not used here.
    pub(crate) handed_on: bool,
}

impl Tree {
    /// Reads every source file under a folder, except tests.
    pub(crate) fn read(root: &Path) -> Tree {
        let mut sources = Vec::new();
        for folder in ["src", "tests", "benches"] {
            collect(&root.join(folder), root, &mut sources);
        }
        sources.sort();
        Tree::of(sources.iter().map(|(p, t)| (p.as_str(), t.as_str())))
    }

    pub(crate) fn of<'a>(sources: impl IntoIterator<Item = (&'a str, &'a str)>) -> Tree {
        let (inside, outside): (Vec<_>, Vec<_>) = sources
            .into_iter()
            .partition(|(path, _)| path.starts_with("src/"));
        let files = inside.into_iter().filter(|(path, _)| !is_test(path));
        let mut files: Vec<File> = files.map(|(path, text)| File::new(path, text)).collect();
        let modules = files.iter().map(|file| file.module.clone()).collect();
        for file in &mut files {
            file.imports = imports(file, &modules);
        }
        let outside = outside.into_iter();
        let outside = outside.map(|(path, text)| (path.to_owned(), text.to_owned()));
        Tree {
            files,
            outside: outside.collect(),
        }
    }

    /// Returns the file in which a path ends, following re-exports of folders, and the name asked of it.
    pub(crate) fn home(&self, path: &[String]) -> (&File, Option<String>) {
        let mut path = path.to_vec();
        for _ in 0..10 {
            let (file, name) = self.owner(&path);
            let onward = file.imports.iter().find(|import| {
                import.handed_on && !file.module.is_empty() && import.path.last() == name.as_ref()
            });
            match onward {
                Some(import) => path = import.path.clone(),
                None => return (file, name),
            }
        }
        self.owner(&path)
    }

    fn owner(&self, path: &[String]) -> (&File, Option<String>) {
        let file = self
            .files
            .iter()
            .filter(|file| path.starts_with(&file.module))
            .max_by_key(|file| file.module.len())
            .expect("src/lib.rs is the start of every path");
        (file, path.get(file.module.len()).cloned())
    }
}

impl File {
    fn new(path: &str, text: &str) -> File {
        let tokens = without_tests(tokens(text));
        let inner = path.trim_start_matches("src/").trim_end_matches(".rs");
        let module = inner
            .split('/')
            .filter(|part| !["mod", "lib", "main"].contains(part));
        File {
            path: path.to_owned(),
            module: module.map(str::to_owned).collect(),
            tokens,
            text: text.lines().map(str::to_owned).collect(),
            imports: Vec::new(),
        }
    }

    /// Returns the module that `crate` stands for in this file: the command's files are a crate of their own.
    fn root(&self) -> &[String] {
        let is_bin = self.module.first().is_some_and(|first| first == "bin");
        &self.module[..if is_bin { 2 } else { 0 }]
    }

    pub(crate) fn text(&self, at: usize) -> &str {
        self.tokens.get(at).map_or("", |token| &token.text)
    }

    /// Returns the indices of the tokens at which a sequence begins.
    pub(crate) fn find(&self, sequence: &[&str]) -> Vec<usize> {
        (0..self.tokens.len())
            .filter(|at| (0..).zip(sequence).all(|(i, s)| self.text(at + i) == *s))
            .collect()
    }

    pub(crate) fn at(&self, token: usize) -> String {
        format!("{}:{}", self.path, self.tokens[token].line)
    }
}

fn is_test(path: &str) -> bool {
    path.split('/').any(|p| p == "tests" || p == "tests.rs")
}

/// Paths and texts of the Rust files under a folder, tests included.
pub(crate) fn files(root: &Path, folder: &str) -> Vec<(String, String)> {
    let mut sources = Vec::new();
    collect(&root.join(folder), root, &mut sources);
    sources
}

fn collect(folder: &Path, root: &Path, sources: &mut Vec<(String, String)>) {
    for entry in std::fs::read_dir(folder).expect("a folder of sources") {
        let path = entry.expect("an entry of that folder").path();
        if path.is_dir() {
            collect(&path, root, sources);
        } else if path.extension().is_some_and(|e| e == "rs") {
            let name = path.strip_prefix(root).expect("a path under the root");
            let name = name.to_string_lossy().replace('\\', "/");
            sources.push((name, std::fs::read_to_string(&path).expect("UTF-8")));
        }
    }
}

/// Splits a text into words, `::` and single signs.
fn tokens(text: &str) -> Vec<Token> {
    let mut out = Vec::new();
    let (mut rest, mut line) = (text, 1);
    while let Some(first) = rest.chars().next() {
        let length = blank(rest).unwrap_or_else(|| {
            let word = rest.find(|c: char| !c.is_alphanumeric() && c != '_');
            let length = match word.unwrap_or(rest.len()) {
                0 if rest.starts_with("::") => 2,
                0 => first.len_utf8(),
                length => length,
            };
            out.push(Token {
                text: rest[..length].to_owned(),
                line,
            });
            length
        });
        line += rest[..length].matches('\n').count();
        rest = &rest[length..];
    }
    out
}

/// Length of the white space, comment, literal or lifetime that a text begins with. `None`: the text begins with a
/// token.
fn blank(text: &str) -> Option<usize> {
    let until = |end: &str, from: usize| text[from..].find(end).map_or(text.len(), |at| from + at);
    let first = text.chars().next()?;
    if first.is_whitespace() {
        return Some(first.len_utf8());
    }
    if text.starts_with("//") {
        return Some(until("\n", 2));
    }
    if text.starts_with("/*") {
        return Some((until("*/", 2) + 2).min(text.len()));
    }
    let literal = text.trim_start_matches(['b', 'c', 'r']);
    let prefix = text.len() - literal.len();
    let hashes = literal.len() - literal.trim_start_matches('#').len();
    if prefix <= 2 && text[..prefix].contains('r') && literal[hashes..].starts_with('"') {
        let end = format!("\"{}", "#".repeat(hashes));
        let from = prefix + hashes + 1;
        return Some((until(&end, from) + end.len()).min(text.len()));
    }
    if prefix <= 1 && literal.starts_with('"') {
        return Some(prefix + quoted(literal, '"'));
    }
    if prefix <= 1 && literal.starts_with('\'') {
        let mut after = literal.chars().skip(1);
        let escaped = after.next() == Some('\\');
        let character = escaped || after.next() == Some('\'');
        return Some(prefix + if character { quoted(literal, '\'') } else { 1 });
    }
    None
}

fn quoted(text: &str, quote: char) -> usize {
    let mut escaped = false;
    for (at, c) in text.char_indices().skip(1) {
        match c {
            _ if escaped => escaped = false,
            '\\' => escaped = true,
            c if c == quote => return at + 1,
            _ => {}
        }
    }
    text.len()
}

/// Returns the tokens without those behind `#[cfg(test)]`.
fn without_tests(tokens: Vec<Token>) -> Vec<Token> {
    let (mut kept, mut at) = (Vec::new(), 0);
    let mut tokens: Vec<Option<Token>> = tokens.into_iter().map(Some).collect();
    let texts: Vec<String> = tokens.iter().flatten().map(|t| t.text.clone()).collect();
    while at < texts.len() {
        let attribute = ["#", "[", "cfg", "("];
        let close = item_end(&texts, at + 1);
        let words = &texts[at..close.min(texts.len())];
        let is_cfg = texts[at..].iter().zip(attribute).all(|(a, b)| a == b) && words.len() > 4;
        if is_cfg && words.iter().any(|w| w == "test") && !words.iter().any(|w| w == "not") {
            let mut end = close;
            while texts.get(end).is_some_and(|t| t == "#") {
                end = item_end(&texts, end + 1);
            }
            end = item_end(&texts, end);
            at = end;
        } else {
            kept.extend(tokens[at].take());
            at += 1;
        }
    }
    kept
}

/// Returns the index behind the item or attribute that begins here: its `;`, or the end of its braces or of an
/// attribute's brackets.
fn item_end(texts: &[String], from: usize) -> usize {
    let mut depth = 0_usize;
    for (at, text) in texts.iter().enumerate().skip(from) {
        match text.as_str() {
            "{" | "(" | "[" => depth += 1,
            "}" | ")" | "]" => {
                depth = depth.saturating_sub(1);
                let attribute = text == "]" && texts[from] == "[";
                if depth == 0 && (text == "}" || attribute) {
                    return at + 1;
                }
            }
            ";" if depth == 0 => return at + 1,
            _ => {}
        }
    }
    texts.len()
}

/// Returns every path into this crate that a file spells, in `use` lines and elsewhere.
fn imports(file: &File, modules: &HashSet<Vec<String>>) -> Vec<Import> {
    let mut out = Vec::new();
    for at in 0..file.tokens.len() {
        let before = at.checked_sub(1).map_or("", |at| file.text(at));
        if file.text(at + 1) != "::" || before == "::" || before == "in" {
            continue;
        }
        let word = file.text(at);
        let child: Vec<String> = file.module.iter().cloned().chain([word.into()]).collect();
        let is_root = ["crate", "super", "self"].contains(&word);
        if !is_root && (file.module.is_empty() && before != "use" || !modules.contains(&child)) {
            continue;
        }
        let in_use = before == "use";
        let handed_on = in_use && ["pub", ")"].contains(&file.text(at.saturating_sub(2)));
        let mut found: BTreeMap<Vec<String>, usize> = BTreeMap::new();
        let start = if is_root { vec![] } else { file.module.clone() };
        spell(file, at, start, in_use, &mut found);
        out.extend(found.into_iter().map(|(path, line)| Import {
            line,
            path,
            handed_on,
        }));
    }
    out
}

/// Walks a path, or in a `use` a tree of paths, and returns the index at which it ends.
fn spell(
    file: &File,
    mut at: usize,
    mut path: Vec<String>,
    in_use: bool,
    found: &mut BTreeMap<Vec<String>, usize>,
) -> usize {
    let line = file.tokens[at].line;
    loop {
        match file.text(at) {
            "{" if in_use => {
                at += 1;
                while !["}", ""].contains(&file.text(at)) {
                    at = spell(file, at, path.clone(), in_use, found);
                    if file.text(at) == "as" {
                        at += 2;
                    }
                    if file.text(at) == "," {
                        at += 1;
                    }
                }
                return at + 1;
            }
            "crate" => path = file.root().to_vec(),
            "self" if path.is_empty() => path.clone_from(&file.module),
            "super" => {
                if path.is_empty() {
                    path.clone_from(&file.module);
                }
                path.pop();
            }
            "self" => {}
            word => path.push(word.to_owned()),
        }
        at += 1;
        if file.text(at) != "::" {
            found.entry(path).or_insert(line);
            return at;
        }
        at += 1;
        // A turbofish, or a tree where no tree can be, ends the path.
        let next = file.text(at).chars().next().unwrap_or(' ');
        if !(next.is_alphanumeric() || next == '_' || in_use && "{*".contains(next)) {
            found.entry(path).or_insert(line);
            return at;
        }
    }
}
