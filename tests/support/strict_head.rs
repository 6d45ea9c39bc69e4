//! The head of an HTTP/1.1 request, read as strictly as RFC 9112 allows.

/// The target and the headers of one head, without its last empty line.
pub(crate) fn head_of(head: &[u8]) -> Result<(String, Vec<(String, String)>), String> {
    // Values may hold bytes beyond ASCII (obs-text); none of them is a control character in the text either.
    let text = String::from_utf8_lossy(head);
    let mut lines = text.split("\r\n");
    let first = lines.next().unwrap_or_default();
    let [method, target, "HTTP/1.1"] = first.split(' ').collect::<Vec<_>>()[..] else { return Err(format!("the request line {first:?}")) };
    if method.is_empty() || !method.bytes().all(|byte| byte.is_ascii_uppercase()) || !target.starts_with('/') {
        return Err(format!("the request line {first:?}"));
    }
    let mut headers = Vec::new();
    for line in lines {
        let (name, value) = line.split_once(": ").ok_or_else(|| format!("the header line {line:?}"))?;
        let token = |byte: u8| byte.is_ascii_lowercase() || byte.is_ascii_digit() || b"!#$%&'*+-.^_`|~".contains(&byte);
        let named = !name.is_empty() && name.bytes().all(token);
        if !named || value.bytes().any(|byte| byte < b' ' && byte != b'\t') {
            return Err(format!("the header line {line:?}"));
        }
        headers.push((name.to_owned(), value.to_owned()));
    }
    match headers.iter().filter(|(name, _)| name == "host").count() {
        1 => Ok((target.to_owned(), headers)),
        hosts => Err(format!("{hosts} host headers")),
    }
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Framing {
    Nothing,
    Length(usize),
    Chunked,
}

/// Exactly one of {no body, one length, chunked}.
pub(crate) fn framing(headers: &[(String, String)]) -> Result<Framing, String> {
    let values = |wanted: &str| headers.iter().filter(|(name, _)| name == wanted).map(|(_, value)| value.as_str()).collect::<Vec<_>>();
    match (&values("content-length")[..], &values("transfer-encoding")[..]) {
        ([], []) => Ok(Framing::Nothing),
        ([], ["chunked"]) => Ok(Framing::Chunked),
        ([length], []) if !length.is_empty() && length.bytes().all(|byte| byte.is_ascii_digit()) => {
            length.parse().map(Framing::Length).map_err(|error| error.to_string())
        }
        (lengths, codings) => Err(format!("framing by the lengths {lengths:?} and the codings {codings:?}")),
    }
}
