//! A body of several pieces, as a line writes it: text as it is, other pieces with their kind and source.

use std::borrow::Cow;
use std::path::PathBuf;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde::{Deserialize, Serialize};

use super::InvalidLine;
use crate::request::{BodyPieces, Piece, PieceSource};

/// A piece of a body.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(untagged)]
pub(super) enum PieceLine<'a> {
    Text(Cow<'a, str>),
    Other(OtherPiece<'a>),
}

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(super) enum OtherPiece<'a> {
    Base64(String),
    File(Cow<'a, str>),
    /// A boundary between other pieces, which does not count for the request's key.
    Boundary(Cow<'a, str>),
}

/// Returns the pieces of a body. `None`: some were read from a reader and are gone, or have a path that is no text.
pub(super) fn lines_of(stream: &BodyPieces) -> Option<Vec<PieceLine<'_>>> {
    stream.pieces.iter().map(line_of).collect()
}

fn line_of(piece: &Piece) -> Option<PieceLine<'_>> {
    match &piece.source {
        PieceSource::Bytes(bytes) => Some(match std::str::from_utf8(bytes) {
            Ok(text) => PieceLine::Text(text.into()),
            Err(_) => PieceLine::Other(OtherPiece::Base64(STANDARD.encode(bytes))),
        }),
        PieceSource::Boundary(bytes) => {
            let text = String::from_utf8_lossy(bytes).into_owned();
            Some(PieceLine::Other(OtherPiece::Boundary(text.into())))
        }
        PieceSource::File(path) => Some(PieceLine::Other(OtherPiece::File(path.to_str()?.into()))),
        PieceSource::Reader(_) => None,
    }
}

/// Makes the body of these pieces.
pub(super) fn stream_of(lines: &[PieceLine<'_>]) -> Result<BodyPieces, InvalidLine> {
    let source = |line: &PieceLine<'_>| -> Result<PieceSource, InvalidLine> {
        Ok(match line {
            PieceLine::Text(text) => PieceSource::Bytes(text.as_bytes().to_vec()),
            PieceLine::Other(OtherPiece::Base64(base64)) => PieceSource::Bytes(
                STANDARD
                    .decode(base64)
                    .map_err(|_| InvalidLine::new("body_pieces: a base64 is none"))?,
            ),
            PieceLine::Other(OtherPiece::File(path)) => PieceSource::File(PathBuf::from(&**path)),
            PieceLine::Other(OtherPiece::Boundary(text)) => {
                PieceSource::Boundary(text.as_bytes().to_vec())
            }
        })
    };
    let pieces = lines.iter().map(|line| {
        Ok(Piece {
            part: None,
            source: source(line)?,
        })
    });
    Ok(BodyPieces {
        pieces: pieces.collect::<Result<_, InvalidLine>>()?,
    })
}
