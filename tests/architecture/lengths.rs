//! Rules about size: lines of a file, lines of a function, parameters of a function.

use crate::source::{File, Tree};

/// Most lines of a file, tests included.
const FILE: usize = 400;

/// Most lines of a function, from its `fn` to its closing brace.
const FUNCTION: usize = 80;

/// Most parameters of a function beside `self`.
const PARAMETERS: usize = 5;

/// Folders in which functions have few parameters.
const FEW_PARAMETERS: &[&str] = &["src/attempt/", "src/transport/"];

/// Beginning of the comment above a long function that says why it is not cut.
const REASON: &str = "// Long because ";

/// Complaint about a file that is too long, whether of the library, the tests, the benches or the examples.
pub(crate) fn file(path: &str, text: &str) -> Option<String> {
    let lines = text.lines().count();
    (lines > FILE).then(|| format!("{path}:{lines}: more than {FILE} lines are two ideas"))
}

pub(crate) fn functions(tree: &Tree) -> Vec<String> {
    let mut complaints = Vec::new();
    for file in &tree.files {
        for function in functions_of(file) {
            if function.lines > FUNCTION && !has_reason(file, function.line) {
                complaints.push(format!(
                    "{}:{}: {} has {} lines; cut it, or say above it: {REASON}...",
                    file.path, function.line, function.name, function.lines
                ));
            }
        }
    }
    complaints
}

pub(crate) fn parameters(tree: &Tree) -> Vec<String> {
    let mut complaints = Vec::new();
    let is_meant = |file: &&File| FEW_PARAMETERS.iter().any(|f| file.path.starts_with(f));
    for file in tree.files.iter().filter(is_meant) {
        for function in functions_of(file) {
            if function.parameters > PARAMETERS {
                complaints.push(format!(
                    "{}:{}: {} has {} parameters, more than {PARAMETERS}",
                    file.path, function.line, function.name, function.parameters
                ));
            }
        }
    }
    complaints
}

struct Function {
    name: String,
    /// Line of the function's `fn`.
    line: usize,
    /// Lines from its `fn` to its closing brace.
    lines: usize,
    parameters: usize,
}

fn functions_of(file: &File) -> Vec<Function> {
    // A function type such as `fn(u8)` has no name.
    let named = |at: &usize| {
        let first = file.text(at + 1).chars().next().unwrap_or(' ');
        first.is_alphabetic() || first == '_'
    };
    let starts = file.find(&["fn"]).into_iter().filter(named);
    starts.map(|at| function(file, at)).collect()
}

fn function(file: &File, at: usize) -> Function {
    let (open, _) = until(file, at + 2, &["("]);
    let (close, commas) = until(file, open + 1, &[")"]);
    // A comma may follow the last parameter.
    let is_empty = close == open + 1;
    let parameters = commas + usize::from(!is_empty && file.text(close - 1) != ",");
    let mut before_colon = (open + 1..close)
        .map(|at| file.text(at))
        .take_while(|text| *text != ":");
    let has_self = before_colon.any(|text| text == "self");
    let (body, _) = until(file, close + 1, &["{", ";"]);
    let end = match file.text(body) {
        "{" => until(file, body + 1, &["}"]).0,
        _ => body,
    };
    let line = |at: usize| file.tokens.get(at).map_or(0, |token| token.line);
    Function {
        name: file.text(at + 1).to_owned(),
        line: line(at),
        lines: (line(end) + 1).saturating_sub(line(at)),
        parameters: parameters - usize::from(has_self),
    }
}

/// Position of the first of `signs` outside of all brackets opened since `from`, and the number of commas outside of
/// them before it.
fn until(file: &File, from: usize, signs: &[&str]) -> (usize, usize) {
    let (mut depth, mut angles, mut commas) = (0_usize, 0_usize, 0);
    let in_body = signs == ["}"];
    for at in from..file.tokens.len() {
        let text = file.text(at);
        if depth + angles == 0 && signs.contains(&text) {
            return (at, commas);
        }
        match text {
            "(" | "[" | "{" => depth += 1,
            ")" | "]" | "}" => depth = depth.saturating_sub(1),
            // In a body a `<` may be a comparison, and commas are not counted there.
            "<" if !in_body => angles += 1,
            ">" if !in_body && file.text(at - 1) != "-" => angles = angles.saturating_sub(1),
            "," if depth + angles == 0 => commas += 1,
            _ => {}
        }
    }
    (file.tokens.len(), commas)
}

/// True if a comment directly above this line, or above the attributes and comments there, gives the reason.
fn has_reason(file: &File, line: usize) -> bool {
    let above = file.text[..line - 1].iter().rev().map(|text| text.trim());
    above
        .take_while(|text| text.starts_with("//") || text.starts_with("#["))
        .any(|text| text.starts_with(REASON) && text.len() > REASON.len())
}
