//! Reads a whole file, line by line.

use std::io::{self, BufRead};

use serde::Deserialize;
use serde::de::IgnoredAny;

use super::{Header, Progress, Query, QueryFault, VERSION};

/// The content of a file.
#[derive(Clone, Debug, PartialEq)]
pub struct Golden {
    pub header: Header,
    /// Each query with its line number.
    pub queries: Vec<(usize, Query)>,
    /// How the recording ended; none if the file breaks off before.
    pub ended: Option<Progress>,
}

/// One line.
#[derive(Clone, Debug, PartialEq)]
pub enum Entry {
    Header(Header),
    Query(Query),
    Progress(Progress),
}

/// The first invalid line.
#[derive(Debug, thiserror::Error)]
#[error("line {line}: {why}")]
pub struct Fault {
    line: usize,
    why: Why,
}

/// What is wrong with a line.
#[derive(Debug, thiserror::Error)]
pub enum Why {
    #[error("cannot be read: {0}")]
    Read(#[from] io::Error),
    #[error("is not of a capture, which begins with `{{\"pointsman_capture\":{VERSION},`")]
    NoCapture,
    #[error("is of version {0} of the format; this Pointsman reads version {VERSION}")]
    Version(u32),
    #[error("is a second first line")]
    Again,
    #[error("comes after the last line of the capture")]
    After,
    #[error("{0}")]
    Query(#[from] QueryFault),
    #[error("is not JSON: {0}")]
    NotJson(#[from] serde_json::Error),
}

/// The kind of a line.
#[derive(Deserialize)]
struct Kind {
    pointsman_capture: Option<IgnoredAny>,
    recorded: Option<IgnoredAny>,
}

impl Entry {
    /// # Errors
    /// When the line belongs to no capture.
    pub fn parse(line: &str) -> Result<Self, Why> {
        let kind: Kind = serde_json::from_str(line)?;
        Ok(match (kind.pointsman_capture, kind.recorded) {
            (Some(_), _) => Self::Header(serde_json::from_str(line)?),
            (None, Some(_)) => Self::Progress(serde_json::from_str(line)?),
            (None, None) => Self::Query(Query::parse(line)?),
        })
    }
}

/// Reads the whole file. Blank lines are ignored.
///
/// # Errors
/// The first invalid line.
pub fn read(file: impl BufRead) -> Result<Golden, Fault> {
    let (mut header, mut queries, mut ended) = (None, Vec::new(), None);
    for (before, text) in file.lines().enumerate() {
        let line = before + 1;
        let fault = |why| Fault { line, why };
        let text = text.map_err(|error| fault(error.into()))?;
        if text.trim().is_empty() {
            continue;
        }
        let entry = match Entry::parse(&text) {
            Err(_) if header.is_none() => return Err(fault(Why::NoCapture)),
            entry => entry.map_err(fault)?,
        };
        match (entry, &header) {
            (Entry::Header(found), None) if found.pointsman_capture == VERSION => header = Some(found),
            (Entry::Header(found), None) => return Err(fault(Why::Version(found.pointsman_capture))),
            (_, None) => return Err(fault(Why::NoCapture)),
            (Entry::Header(_), Some(_)) => return Err(fault(Why::Again)),
            (Entry::Query(query), Some(_)) if ended.is_none() => queries.push((line, query)),
            (Entry::Query(_), Some(_)) => return Err(fault(Why::After)),
            // A stream reports its progress in between.
            (Entry::Progress(progress), Some(_)) => ended = Some(progress).filter(|progress| progress.ended.is_some()),
        }
    }
    let header = header.ok_or(Fault { line: 1, why: Why::NoCapture })?;
    Ok(Golden { header, queries, ended })
}
