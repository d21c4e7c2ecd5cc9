//! Files of other formats in place of results.

use super::*;

#[test]
fn a_file_of_another_format_is_told_with_the_format() {
    let folder = Folder::new("foreign");
    for (name, text, said) in [
        ("run.txt", "hello\n", "the file holds text"),
        ("run.txt", "[1]\n", "the file holds text"),
        (
            "run.txt",
            "id\tkey\n1\t2\n",
            "the file holds tsv, not JSON Lines",
        ),
        (
            "run.tsv",
            "{\"v\":1,\"key\":\"x\"}\n",
            "the file holds JSON Lines, not tsv",
        ),
        (
            "run.jsonl",
            "SQLite format 3\0\n",
            "the file is an SQLite database",
        ),
        ("run.jsonl", "\u{1f}x\n", "the file holds text"),
        (
            "run.jsonl",
            "{\"v\":1,\"key\":7}\n",
            "a key has a value that it cannot have",
        ),
    ] {
        let path = folder.0.join(name);
        fs::write(&path, text).unwrap();
        let error = Journal::open(&path).err().unwrap().to_string();
        assert!(error.contains(said) && error.contains(name), "{error}");
        for word in ["struct", "field `", "invalid type"] {
            assert!(!error.contains(word), "{error}");
        }
        assert_eq!(fs::read_to_string(path).unwrap(), text);
    }
}
