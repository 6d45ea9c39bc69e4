//! Reads the hits out of a JSON answer that comes in pieces.
//!
//! The scanner knows the few containers that lead to the hits, and follows only those; of everything beside them, payloads
//! and vectors most of all, it counts brackets and skips strings, many bytes at a step. It is no validator: of what is not
//! JSON it may say anything, of JSON it says what a parser would, or that it cannot.

use smallvec::SmallVec;

use super::Visit;
use crate::protocol::messages::{Malformed, Scan};
use crate::protocol::operations::Hits;

/// No number that Qdrant writes is longer.
const MAX_NUMBER: usize = 32;
/// Bytes compared at a step: few enough for short strings, enough to be compared side by side.
const STEP: usize = 32;

/// A container on the way to the hits.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Level {
    /// An object; the value under this key leads on.
    Key(&'static str),
    /// An array; each item leads on to a list of its own.
    Lists,
    /// An array that is one list; each item leads on to a part of it.
    Groups,
    /// An array of hits that are part of a list.
    Part,
    /// An array of hits that is a list.
    Hits,
}

const SCORE: Level = Level::Key("score");

fn path(hits: Hits) -> &'static [Level] {
    use Level::{Groups, Hits as List, Key, Lists, Part};
    const RESULT: Level = Key("result");
    match hits {
        Hits::List => &[RESULT, List, SCORE],
        Hits::Points => &[RESULT, Key("points"), List, SCORE],
        Hits::Lists => &[RESULT, Lists, List, SCORE],
        Hits::PointsLists => &[RESULT, Lists, Key("points"), List, SCORE],
        Hits::Groups => &[RESULT, Key("groups"), Groups, Key("hits"), Part, SCORE],
    }
}

/// Where the scanner is in the innermost container on the path.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Place {
    /// Before a key.
    Key,
    /// Before a value that leads on.
    Value,
    /// Before or after a value that does not.
    Elsewhere,
}

#[derive(Debug)]
enum Lexeme {
    /// Between the others.
    None,
    /// A string that is skipped.
    Text,
    /// Behind a backslash in such a string.
    Escape,
    /// A key on the path: so much of the wanted one was there, or it is another.
    Key { matched: Option<usize> },
    /// A hit's score.
    Number(SmallVec<[u8; MAX_NUMBER]>),
}

/// Reads one answer.
#[derive(Debug)]
pub struct Json<V> {
    path: &'static [Level],
    /// Containers that are open.
    depth: usize,
    /// How many of them, counted from the outermost, are on the path.
    on_path: usize,
    place: Place,
    lexeme: Lexeme,
    visitor: V,
    /// Whether a hit is open.
    in_hit: bool,
    /// How many bytes have been read.
    at: u64,
    ended: bool,
    lost: bool,
}

impl<V: Visit> Json<V> {
    /// Tells `visitor` of the hits, which stand where `hits` says.
    #[must_use]
    pub fn new(hits: Hits, visitor: V) -> Self {
        Self {
            path: path(hits),
            depth: 0,
            on_path: 0,
            place: Place::Value,
            lexeme: Lexeme::None,
            visitor,
            in_hit: false,
            at: 0,
            ended: false,
            lost: false,
        }
    }

    fn scan(&mut self, mut bytes: &[u8]) {
        while let Some(&byte) = bytes.first()
            && !self.ended
            && !self.lost
        {
            let taken = match self.lexeme {
                Lexeme::None if self.depth > self.on_path => self.skip(bytes),
                Lexeme::None => self.step(byte),
                Lexeme::Text => self.text(bytes),
                Lexeme::Escape => {
                    self.lexeme = Lexeme::Text;
                    1
                }
                Lexeme::Key { matched } => self.key(matched, byte),
                Lexeme::Number(_) => self.number(byte),
            };
            self.at += taken as u64;
            bytes = &bytes[taken..];
        }
    }

    /// The visitor, after the last byte. None when the answer is not whole, or not one that can be read this way.
    #[must_use]
    pub fn finish(self) -> Option<V> {
        (self.ended && !self.lost).then_some(self.visitor)
    }

    /// Beside the path, up to the next bracket or string.
    fn skip(&mut self, bytes: &[u8]) -> usize {
        // An opening bracket and the brace like it differ in one bit, the closing ones too.
        let plain = run(bytes, |byte| byte == b'"' || byte | 0x20 == b'{' || byte | 0x20 == b'}');
        match bytes.get(plain) {
            None => plain,
            Some(b'"') => {
                self.lexeme = Lexeme::Text;
                plain + 1
            }
            Some(b'{' | b'[') => {
                self.depth += 1;
                plain + 1
            }
            Some(_) => {
                self.close(self.at + plain as u64);
                plain + 1
            }
        }
    }

    fn text(&mut self, bytes: &[u8]) -> usize {
        let plain = run(bytes, |byte| byte == b'"' || byte == b'\\');
        match bytes.get(plain) {
            None => plain,
            Some(b'"') => {
                self.lexeme = Lexeme::None;
                plain + 1
            }
            Some(_) => {
                self.lexeme = Lexeme::Escape;
                plain + 1
            }
        }
    }

    /// One byte in a container on the path.
    fn step(&mut self, byte: u8) -> usize {
        match byte {
            b'{' => self.open(true),
            b'[' => self.open(false),
            b'}' | b']' => self.close(self.at),
            b'"' if self.place == Place::Key => self.lexeme = Lexeme::Key { matched: Some(0) },
            b'"' => self.lexeme = Lexeme::Text,
            b',' => self.place = self.first_place(),
            b'-' | b'0'..=b'9' if self.place == Place::Value && self.on_path == self.path.len() => {
                self.lexeme = Lexeme::Number(SmallVec::from_slice(&[byte]));
            }
            _ => {}
        }
        1
    }

    fn open(&mut self, object: bool) {
        let leads_on = self.place == Place::Value;
        if let Some(&level) = self.path.get(self.on_path)
            && leads_on
            && matches!(level, Level::Key(_)) == object
            && (level != SCORE || self.hit())
        {
            self.on_path += 1;
            if matches!(level, Level::Hits | Level::Groups) {
                self.visitor.list_begins(self.at + 1);
            }
            self.place = self.first_place();
        }
        self.depth += 1;
    }

    fn hit(&mut self) -> bool {
        self.in_hit = true;
        self.visitor.hit(self.at, self.at)
    }

    /// At the bracket that closes the innermost container.
    fn close(&mut self, at: u64) {
        if self.depth == self.on_path {
            // Of a closing bracket too many nothing good can be said.
            let Some(left) = self.on_path.checked_sub(1) else {
                self.lost = true;
                return;
            };
            self.on_path = left;
            self.place = Place::Elsewhere;
            if matches!(self.path[left], Level::Hits | Level::Groups) {
                self.visitor.list_ends(at);
            }
        }
        self.depth -= 1;
        // The array of hits is the innermost container but one on the path.
        if self.in_hit && self.depth + 1 == self.path.len() {
            self.in_hit = false;
            self.visitor.hit_ends(at + 1);
        }
        self.ended = self.depth == 0;
    }

    /// At the beginning of an item of the innermost container on the path.
    fn first_place(&self) -> Place {
        match self.on_path.checked_sub(1).map(|level| self.path[level]) {
            Some(Level::Key(_)) => Place::Key,
            _ => Place::Value,
        }
    }

    fn key(&mut self, matched: Option<usize>, byte: u8) -> usize {
        let wanted = match self.on_path.checked_sub(1).map(|level| self.path[level]) {
            Some(Level::Key(wanted)) => wanted.as_bytes(),
            _ => &[],
        };
        match byte {
            b'"' => {
                self.place = if matched == Some(wanted.len()) { Place::Value } else { Place::Elsewhere };
                self.lexeme = Lexeme::None;
            }
            // It may spell any key; Qdrant's own have none.
            b'\\' => self.lost = true,
            _ => {
                let matched = matched.filter(|at| wanted.get(*at) == Some(&byte)).map(|at| at + 1);
                self.lexeme = Lexeme::Key { matched };
            }
        }
        1
    }

    /// One byte of a number; none if it has ended before.
    fn number(&mut self, byte: u8) -> usize {
        let Lexeme::Number(text) = &mut self.lexeme else { return 0 };
        if matches!(byte, b'0'..=b'9' | b'-' | b'+' | b'.' | b'e' | b'E') {
            text.push(byte);
            self.lost = text.len() > MAX_NUMBER;
            return 1;
        }
        match std::str::from_utf8(text).ok().and_then(|text| text.parse().ok()) {
            Some(score) => self.visitor.score(score),
            None => self.lost = true,
        }
        self.lexeme = Lexeme::None;
        self.place = Place::Elsewhere;
        0
    }
}

impl<V: Visit> Scan for Json<V> {
    fn feed(&mut self, bytes: &[u8]) -> Result<(), Malformed> {
        self.scan(bytes);
        Ok(())
    }
}

/// How many bytes there are before one that stops it.
fn run(bytes: &[u8], stops: impl Fn(u8) -> bool) -> usize {
    let free = |step: &&[u8]| !step.iter().fold(false, |any, byte| any | stops(*byte));
    let steps = bytes.chunks_exact(STEP).take_while(free).count() * STEP;
    steps + bytes[steps..].iter().take_while(|byte| !stops(**byte)).count()
}
