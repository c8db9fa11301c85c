//! The SDK: lines of a stream, answers of an API.

use crate::text;
use if_sdk::http::Response;
use if_sdk::tcp::take_line;

/// `sdk-line`: the first byte says how small the pieces are. The lines are the same.
pub fn line(data: &[u8]) {
    let Some((piece, stream)) = data.split_first() else { return };
    let lines = |size: usize| {
        let (mut arrived, mut lines) = (Vec::new(), Vec::new());
        for piece in stream.chunks(size) {
            arrived.extend_from_slice(piece);
            loop {
                match take_line(&mut arrived) {
                    Ok(None) => break,
                    Ok(Some(line)) => lines.push(line),
                    Err(_) => return (lines, None),
                }
            }
        }
        (lines, Some(arrived))
    };
    let whole = lines(stream.len().max(1));
    assert_eq!(whole, lines(usize::from(*piece) % 16 + 1));
    assert!(whole.0.iter().all(|line| !line.contains('\n')));
    assert!(whole.1.is_none_or(|rest| !rest.contains(&b'\n')));
}

/// `sdk-answer`: a status, a content type, a zero byte, and a body.
pub fn answer(data: &[u8]) {
    let Some((status, rest)) = data.split_first_chunk::<2>() else { return };
    let mut parts = rest.splitn(2, |byte| *byte == 0);
    let kind = parts.next().and_then(text).unwrap_or_default().to_owned();
    let body = parts.next().unwrap_or_default().to_vec();
    let status = u16::from_be_bytes(*status) % 1000;
    let headers = vec![("content-type".to_owned(), kind)];
    let answer = Response { status, headers, body };
    let words = answer.words();
    assert!(words.len() <= answer.body.len().saturating_mul(3));
    if let Ok(value) = answer.value() {
        assert!(answer.body.is_empty() == value.is_null() || answer.text().is_ok());
    }
    let fine = (200..300).contains(&status);
    assert_eq!(answer.success().is_ok(), fine);
}
