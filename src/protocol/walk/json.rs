//! Walks JSON.

use smallvec::SmallVec;

use super::{Scalar, Walk};
use crate::protocol::messages::{Malformed, Scan};

/// The maximum length of a scalar or a key that is read.
const MAX_SCALAR: usize = 64;
/// Bytes compared in one step: few enough for short strings, enough for SIMD.
const STEP: usize = 32;

/// A node of the tree: which values the walker follows.
#[derive(Debug)]
pub enum Node<T: 'static> {
    /// The values under these keys. If they are `all` possible keys, another key is unexpected.
    Object { tag: T, keys: &'static [(&'static str, Node<T>)], all: bool },
    /// Each item.
    Array { tag: T, items: &'static Node<T> },
    /// A leaf: the value itself is wanted.
    Scalar(T),
    /// A leaf: an object or array, as raw bytes.
    Raw(T),
}

/// An open container on the path.
#[derive(Debug)]
struct Open<T: 'static> {
    node: &'static Node<T>,
    /// Whether its content is walked.
    walked: bool,
}

/// The walker's position in the innermost container on the path.
#[derive(Debug)]
enum Place<T: 'static> {
    /// Before a key.
    Key,
    /// Before a value that the walker follows.
    Value(&'static Node<T>),
    /// Before or after a value that it skips.
    Elsewhere,
}

type Short = SmallVec<[u8; MAX_SCALAR]>;

#[derive(Debug)]
enum Lexeme<T> {
    /// Between tokens.
    None,
    /// In a string that is skipped.
    Text,
    /// After a backslash in such a string.
    Escape,
    /// In a key on the path.
    Key(Short),
    /// In a string that is wanted.
    Word(T, Short),
    /// In a number or a literal that is wanted.
    Bare(T, Short),
}

/// Walks one text.
#[derive(Debug)]
pub struct Walker<W: Walk> {
    root: &'static Node<W::Tag>,
    way: SmallVec<[Open<W::Tag>; 8]>,
    /// The number of open containers, including skipped ones.
    depth: usize,
    place: Place<W::Tag>,
    lexeme: Lexeme<W::Tag>,
    walk: W,
    /// How many bytes have been read.
    at: u64,
    ended: bool,
    lost: bool,
}

impl<W: Walk> Walker<W> {
    #[must_use]
    pub fn new(root: &'static Node<W::Tag>, walk: W) -> Self {
        let (way, place, lexeme) = (SmallVec::new(), Place::Value(root), Lexeme::None);
        Self { root, way, depth: 0, place, lexeme, walk, at: 0, ended: false, lost: false }
    }

    /// Returns the visitor after the last byte. None if the text is incomplete, or cannot be read this way.
    #[must_use]
    pub fn finish(self) -> Option<W> {
        (self.ended && !self.lost).then_some(self.walk)
    }

    fn scan(&mut self, mut bytes: &[u8]) {
        while let Some(&byte) = bytes.first()
            && !self.ended
            && !self.lost
        {
            let raw = self.raw();
            let taken = match self.lexeme {
                Lexeme::None if self.is_beside() => self.skip(bytes),
                Lexeme::None => self.step(byte),
                Lexeme::Text => self.text(bytes),
                Lexeme::Escape => {
                    self.lexeme = Lexeme::Text;
                    1
                }
                Lexeme::Key(_) => self.key(byte),
                Lexeme::Word(..) => self.word(byte),
                Lexeme::Bare(..) => self.bare(byte),
            };
            if let Some(tag) = raw {
                self.walk.raw(tag, &bytes[..taken]);
                if self.raw().is_none() {
                    let end = self.at + taken as u64;
                    self.walk.leave(tag, end, end);
                }
            }
            self.at += taken as u64;
            bytes = &bytes[taken..];
        }
    }

    /// The open raw value.
    fn raw(&self) -> Option<W::Tag> {
        match self.way.last()?.node {
            Node::Raw(tag) => Some(*tag),
            _ => None,
        }
    }

    /// Whether the innermost container is skipped.
    fn is_beside(&self) -> bool {
        self.depth > self.way.len() || self.way.last().is_some_and(|open| !open.walked)
    }

    /// Skips bytes up to the next bracket or string.
    fn skip(&mut self, bytes: &[u8]) -> usize {
        // An opening bracket and the corresponding brace differ in one bit, and so do the closing ones.
        let plain = run(bytes, |byte| byte == b'"' || byte | 0x20 == b'{' || byte | 0x20 == b'}');
        match bytes.get(plain) {
            None => return plain,
            Some(b'"') => self.lexeme = Lexeme::Text,
            Some(b'{' | b'[') => self.depth += 1,
            Some(_) => self.close(self.at + plain as u64),
        }
        plain + 1
    }

    fn text(&mut self, bytes: &[u8]) -> usize {
        let plain = run(bytes, |byte| byte == b'"' || byte == b'\\');
        match bytes.get(plain) {
            None => return plain,
            Some(b'"') => self.lexeme = Lexeme::None,
            Some(_) => self.lexeme = Lexeme::Escape,
        }
        plain + 1
    }

    /// Handles one byte in a container on the path.
    fn step(&mut self, byte: u8) -> usize {
        match byte {
            b'{' | b'[' => self.open(byte),
            b'}' | b']' => self.close(self.at),
            b'"' => self.quote(),
            b',' => self.place = self.first_place(),
            b' ' | b'\t' | b'\r' | b'\n' | b':' => {}
            _ => self.letter(byte),
        }
        1
    }

    fn open(&mut self, bracket: u8) {
        self.depth += 1;
        let Place::Value(node) = self.place else { return };
        self.place = Place::Elsewhere;
        let walked = match (node, bracket) {
            (Node::Object { tag, .. }, b'{') | (Node::Array { tag, .. }, b'[') => self.walk.enter(*tag, self.at, self.at + 1),
            (Node::Raw(tag), _) => {
                self.walk.enter(*tag, self.at, self.at);
                self.walk.raw(*tag, &[bracket]);
                false
            }
            _ => return self.walk.unexpected(),
        };
        self.way.push(Open { node, walked });
        self.place = self.first_place();
    }

    /// Handles the bracket that closes the innermost container.
    fn close(&mut self, at: u64) {
        // An extra closing bracket makes the text invalid.
        let Some(depth) = self.depth.checked_sub(1) else {
            self.lost = true;
            return;
        };
        if self.depth == self.way.len()
            && let Some(open) = self.way.pop()
        {
            self.place = Place::Elsewhere;
            if let Node::Object { tag, .. } | Node::Array { tag, .. } = open.node {
                self.walk.leave(*tag, at, at + 1);
            }
        }
        self.depth = depth;
        self.ended = depth == 0;
    }

    fn quote(&mut self) {
        self.lexeme = match self.place {
            Place::Key => Lexeme::Key(Short::new()),
            Place::Value(Node::Scalar(tag)) => Lexeme::Word(*tag, Short::new()),
            Place::Value(_) => {
                self.walk.unexpected();
                Lexeme::Text
            }
            Place::Elsewhere => Lexeme::Text,
        };
    }

    /// Handles the first byte of a number or a literal. `null` counts as absent.
    fn letter(&mut self, byte: u8) {
        if let Place::Value(node) = std::mem::replace(&mut self.place, Place::Elsewhere) {
            match node {
                Node::Scalar(tag) => self.lexeme = Lexeme::Bare(*tag, Short::from_slice(&[byte])),
                _ if byte == b'n' => {}
                _ => self.walk.unexpected(),
            }
        }
    }

    /// The position at the beginning of an item of the innermost container on the path.
    fn first_place(&self) -> Place<W::Tag> {
        match self.way.last() {
            None => Place::Value(self.root),
            Some(Open { walked: false, .. }) => Place::Elsewhere,
            Some(Open { node: Node::Object { .. }, .. }) => Place::Key,
            Some(Open { node: Node::Array { items, .. }, .. }) => Place::Value(items),
            Some(Open { node: Node::Scalar(_) | Node::Raw(_), .. }) => Place::Elsewhere,
        }
    }

    fn key(&mut self, byte: u8) -> usize {
        let Lexeme::Key(key) = &mut self.lexeme else { return 0 };
        match byte {
            b'"' => {
                let key = std::mem::take(key);
                self.lexeme = Lexeme::None;
                self.place = self.under(&key);
            }
            // An escape may spell any key; Qdrant's own keys have none.
            b'\\' => self.lost = true,
            // A key longer than any known key is cut, and equals none.
            _ if key.len() < MAX_SCALAR => key.push(byte),
            _ => {}
        }
        1
    }

    /// The position before the value under this key.
    fn under(&mut self, key: &[u8]) -> Place<W::Tag> {
        let Some(Open { node: Node::Object { keys, all, .. }, .. }) = self.way.last() else { return Place::Elsewhere };
        match keys.iter().find(|(known, _)| known.as_bytes() == key) {
            Some((_, node)) => Place::Value(node),
            None => {
                if *all {
                    self.walk.unexpected();
                }
                Place::Elsewhere
            }
        }
    }

    fn word(&mut self, byte: u8) -> usize {
        let Lexeme::Word(tag, word) = &mut self.lexeme else { return 0 };
        match byte {
            b'"' => {
                self.lost = !self.walk.scalar(*tag, Scalar::Text(word));
                self.lexeme = Lexeme::None;
                self.place = Place::Elsewhere;
            }
            b'\\' => self.lost = true,
            _ if word.len() < MAX_SCALAR => word.push(byte),
            _ => self.lost = true,
        }
        1
    }

    /// Handles one byte of a number or a literal; returns zero if it ended before this byte.
    fn bare(&mut self, byte: u8) -> usize {
        let Lexeme::Bare(tag, text) = &mut self.lexeme else { return 0 };
        if byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'+' | b'.') {
            self.lost = text.len() == MAX_SCALAR;
            text.push(byte);
            return 1;
        }
        self.lost = !self.walk.scalar(*tag, Scalar::Bare(text));
        self.lexeme = Lexeme::None;
        0
    }
}

impl<W: Walk> Scan for Walker<W> {
    fn feed(&mut self, bytes: &[u8]) -> Result<(), Malformed> {
        self.scan(bytes);
        Ok(())
    }
}

/// The number of bytes before the first one that stops it.
fn run(bytes: &[u8], stops: impl Fn(u8) -> bool) -> usize {
    let free = |step: &&[u8]| !step.iter().fold(false, |any, byte| any | stops(*byte));
    let steps = bytes.chunks_exact(STEP).take_while(free).count() * STEP;
    steps + bytes[steps..].iter().take_while(|byte| !stops(**byte)).count()
}
