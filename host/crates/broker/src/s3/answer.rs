//! What a server of the kind says, in XML: a page of a list, or why it refuses. Read event by
//! event, so that no depth is a danger; what is not known is passed over.

use super::S3Why;
use if_core::HttpResponse;
use quick_xml::Reader;
use quick_xml::events::Event;

/// Deepest element that is looked at, and longest text in one: a name of an object has 1024 bytes.
const DEPTH_MAX: usize = 16;
const TEXT_BYTES_MAX: usize = 4 << 10;

/// Longest code of a refusal that is repeated.
const CODE_CHARS_MAX: usize = 64;

/// A page of a list.
#[derive(Debug, Default, Clone, PartialEq, Eq)]
pub(crate) struct Listed {
    pub keys: Vec<String>,
    /// What the next page is asked with.
    pub more: Option<String>,
}

/// Reads a page.
pub(crate) fn listed(body: &[u8]) -> Result<Listed, S3Why> {
    let (mut page, mut truncated, mut seen) = (Listed::default(), false, false);
    walk(body, |path, text| {
        seen |= path.starts_with("ListBucketResult");
        match path {
            "ListBucketResult/Contents/Key" => page.keys.push(text),
            "ListBucketResult/IsTruncated" => truncated = text == "true",
            "ListBucketResult/NextContinuationToken" => page.more = Some(text),
            _ => {}
        }
    })?;
    page.more = page.more.filter(|_| truncated);
    match seen && page.more.is_some() == truncated {
        true => Ok(page),
        false => Err(S3Why::NotListed),
    }
}

/// Why a request was refused, by its status and the code in the body.
pub(super) fn refused(answer: &HttpResponse) -> S3Why {
    let code = failure(&answer.body);
    match (answer.status, code.as_deref()) {
        (300..=399, _) => S3Why::Redirected,
        (404, Some("NoSuchBucket")) => S3Why::NoBucket,
        (403, Some("RequestTimeTooSkewed")) => S3Why::Skewed,
        (401 | 403, code) => S3Why::Refused { code: code.map(str::to_owned) },
        (status, code) => S3Why::Status { status, code: code.map(str::to_owned) },
    }
}

/// The code of a refusal: one word, or none is repeated.
pub(crate) fn failure(body: &[u8]) -> Option<String> {
    let mut code = None;
    walk(body, |path, text| {
        if path == "Error/Code" {
            code = Some(text);
        }
    })
    .ok()?;
    let word = |code: &String| {
        code.len() <= CODE_CHARS_MAX && code.bytes().all(|byte| byte.is_ascii_alphanumeric())
    };
    code.filter(|code| !code.is_empty()).filter(word)
}

/// Goes through all elements; `text` is told the path and the text of each as it ends.
fn walk(body: &[u8], mut text: impl FnMut(&str, String)) -> Result<(), S3Why> {
    let mut reader = Reader::from_str(std::str::from_utf8(body).map_err(|_| S3Why::NotXml)?);
    reader.config_mut().expand_empty_elements = true;
    let (mut path, mut words, mut roots) = (Vec::<String>::new(), String::new(), 0);
    loop {
        match reader.read_event().map_err(|_| S3Why::NotXml)? {
            Event::Start(start) if path.len() < DEPTH_MAX && (roots == 0 || !path.is_empty()) => {
                roots = 1;
                path.push(start.local_name().into_inner().to_owned());
                words.clear();
            }
            Event::Start(_) | Event::DocType(_) => return Err(S3Why::NotXml),
            Event::Text(piece) => words.push_str(&piece.xml10_content()),
            Event::CData(piece) => words.push_str(&piece.xml10_content()),
            Event::GeneralRef(name) => words.push(sign(&name)?),
            Event::End(_) => {
                text(&path.join("/"), std::mem::take(&mut words));
                path.pop();
            }
            Event::Eof if path.is_empty() => return Ok(()),
            Event::Eof => return Err(S3Why::NotXml),
            _ => {}
        }
        if words.len() > TEXT_BYTES_MAX {
            return Err(S3Why::NotXml);
        }
    }
}

/// The sign that a reference stands for: a number, or one of the five that XML itself has.
fn sign(reference: &quick_xml::events::BytesRef<'_>) -> Result<char, S3Why> {
    if let Ok(Some(sign)) = reference.resolve_char_ref() {
        return Ok(sign);
    }
    match &**reference {
        "amp" => Ok('&'),
        "lt" => Ok('<'),
        "gt" => Ok('>'),
        "quot" => Ok('"'),
        "apos" => Ok('\''),
        _ => Err(S3Why::NotXml),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn page(inner: &str) -> Result<Listed, S3Why> {
        let text = format!(
            "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n\
             <ListBucketResult xmlns=\"http://s3.amazonaws.com/doc/2006-03-01/\">{inner}\
             </ListBucketResult>"
        );
        listed(text.as_bytes())
    }

    #[test]
    fn a_page_has_its_keys_and_says_whether_there_is_another() {
        let one = "<Name>b</Name><Contents><Key>a/checkpoint/7</Key><Size>9</Size></Contents>\
                   <Contents><Key>a&amp;b&#43;</Key></Contents><IsTruncated>false</IsTruncated>";
        let keys = vec!["a/checkpoint/7".to_owned(), "a&b+".to_owned()];
        assert_eq!(page(one), Ok(Listed { keys, more: None }));
        let more = "<IsTruncated>true</IsTruncated>\
                    <NextContinuationToken>a+b/=</NextContinuationToken>";
        assert_eq!(page(more), Ok(Listed { keys: Vec::new(), more: Some("a+b/=".to_owned()) }));
        assert_eq!(page(""), Ok(Listed::default()));
        // One that says that it is not whole and not how to go on.
        assert_eq!(page("<IsTruncated>true</IsTruncated>"), Err(S3Why::NotListed));
    }

    #[test]
    fn what_is_no_list_is_refused() {
        assert_eq!(listed(b""), Err(S3Why::NotListed));
        assert_eq!(listed(b"<html></html>"), Err(S3Why::NotListed));
        assert_eq!(listed(b"<ListBucketResult>"), Err(S3Why::NotXml));
        assert_eq!(page("<Key>&unknown;</Key>"), Err(S3Why::NotXml));
        assert_eq!(page(&"<a>".repeat(DEPTH_MAX)), Err(S3Why::NotXml));
        assert_eq!(page(&"x".repeat(TEXT_BYTES_MAX + 1)), Err(S3Why::NotXml));
        assert_eq!(listed(b"<ListBucketResult/><Error/>"), Err(S3Why::NotXml));
        let bomb = b"<!DOCTYPE x [<!ENTITY a \"b\">]><ListBucketResult/>";
        assert_eq!(listed(bomb), Err(S3Why::NotXml));
    }

    #[test]
    fn of_a_refusal_one_word_is_repeated_or_none() {
        let of = |status, body: &str| {
            refused(&HttpResponse { status, headers: Vec::new(), body: body.into() })
        };
        let error = |code: &str| format!("<Error><Code>{code}</Code><Message>m</Message></Error>");
        let signature = Some("SignatureDoesNotMatch".to_owned());
        assert_eq!(of(403, &error("SignatureDoesNotMatch")), S3Why::Refused { code: signature });
        assert_eq!(of(403, "no"), S3Why::Refused { code: None });
        assert_eq!(of(403, &error("two words")), S3Why::Refused { code: None });
        assert_eq!(of(403, &error("RequestTimeTooSkewed")), S3Why::Skewed);
        assert_eq!(of(404, &error("NoSuchBucket")), S3Why::NoBucket);
        assert_eq!(of(301, ""), S3Why::Redirected);
        let slow = Some("SlowDown".to_owned());
        assert_eq!(of(503, &error("SlowDown")), S3Why::Status { status: 503, code: slow });
    }
}
