//! A fake of a server that speaks S3: objects in memory, for a few requests and no others. It
//! checks each signature by arithmetic of its own (HMAC as RFC 2104 writes it, over `sha2`), and
//! does not write over an object that was to be new. What it cannot check, it refuses.

use crate::background::lock;
use crate::http::{Canned, HttpFake, Recorded};
use anyhow::Result;
use sha2::{Digest, Sha256};
use std::collections::BTreeMap;
use std::sync::{Arc, Mutex};

pub const ACCESS_KEY: &str = "AKIAFAKEFAKEFAKEFAKE";
pub const SECRET_KEY: &str = "fake/secret+key/of/a/fake/server/40signs";
pub const REGION: &str = "eu-fake-1";
pub const BUCKET: &str = "bucket";

/// Objects of a page of a list: small, so that there is more than one.
const PAGE: usize = 2;

/// What a server of the kind may do wrong.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Fault {
    /// It does not know `If-None-Match`.
    Overwrites,
    /// It believes that this machine's clock is wrong.
    Skewed,
    /// It lists nothing, whatever is there.
    Forgets,
}

type Objects = Arc<Mutex<BTreeMap<String, Vec<u8>>>>;

/// A running fake; gone when dropped.
pub struct S3Fake {
    pub server: HttpFake,
    objects: Objects,
    fault: Arc<Mutex<Option<Fault>>>,
}

impl S3Fake {
    /// An empty bucket on a free port of 127.0.0.1.
    pub fn start() -> Result<Self> {
        let (objects, fault) = (Objects::default(), Arc::<Mutex<Option<Fault>>>::default());
        let (held, wrong) = (objects.clone(), fault.clone());
        let server = HttpFake::start(move |request| {
            let wrong = *lock(&wrong);
            answer(request, &mut lock(&held), wrong)
        })?;
        Ok(Self { server, objects, fault })
    }

    /// The URL of a part of the bucket.
    pub fn url(&self, prefix: &str) -> String {
        self.server.url(&format!("/{BUCKET}/{prefix}"))
    }

    /// From now on it does this wrong.
    pub fn misbehave(&self, fault: Option<Fault>) {
        *lock(&self.fault) = fault;
    }

    /// What is in the bucket.
    pub fn objects(&self) -> BTreeMap<String, Vec<u8>> {
        lock(&self.objects).clone()
    }

    /// Puts an object there without asking anybody.
    pub fn put(&self, key: &str, bytes: &[u8]) {
        lock(&self.objects).insert(key.to_owned(), bytes.to_vec());
    }
}

fn answer(
    request: &Recorded,
    objects: &mut BTreeMap<String, Vec<u8>>,
    fault: Option<Fault>,
) -> Canned {
    if fault == Some(Fault::Skewed) {
        return refused(403, "RequestTimeTooSkewed");
    }
    let (path, query) = request.target.split_once('?').unwrap_or((&request.target, ""));
    if let Err(code) = signed(request, path, query) {
        return refused(403, code);
    }
    let Some(rest) = path.strip_prefix(&format!("/{BUCKET}")) else {
        return refused(404, "NoSuchBucket");
    };
    let key = rest.trim_start_matches('/');
    match (request.method.as_str(), key) {
        ("GET", "") => list(objects, query, fault == Some(Fault::Forgets)),
        ("GET", key) => match objects.get(key) {
            Some(bytes) => Canned::ok(bytes.clone()),
            None => refused(404, "NoSuchKey"),
        },
        ("PUT", key) => {
            let new = request.header("if-none-match") == Some("*");
            if new && fault != Some(Fault::Overwrites) && objects.contains_key(key) {
                return refused(412, "PreconditionFailed");
            }
            objects.insert(key.to_owned(), request.body.clone());
            Canned::ok("")
        }
        _ => refused(405, "MethodNotAllowed"),
    }
}

fn refused(status: u16, code: &str) -> Canned {
    Canned::status(status, format!("<Error><Code>{code}</Code><Message>words</Message></Error>"))
}

/// A page of keys with this prefix, behind the one that the token names.
fn list(objects: &BTreeMap<String, Vec<u8>>, query: &str, forgets: bool) -> Canned {
    let value = |name: &str| {
        let pairs = url::form_urlencoded::parse(query.as_bytes());
        pairs.into_iter().find(|(known, _)| known == name).map(|(_, value)| value.into_owned())
    };
    if value("list-type").as_deref() != Some("2") {
        return refused(400, "InvalidArgument");
    }
    let (prefix, after) =
        (value("prefix").unwrap_or_default(), value("continuation-token").unwrap_or_default());
    let after = after.trim_start_matches("after&");
    let keys: Vec<&String> = objects
        .keys()
        .filter(|key| !forgets && key.starts_with(&prefix) && key.as_str() > after)
        .collect();
    let (mut page, more) = (keys.iter().take(PAGE), keys.len() > PAGE);
    let item = |key: &&&String| format!("<Contents><Key>{key}</Key></Contents>");
    let items: String = page.clone().map(|key| item(&key)).collect();
    let token = match page.next_back().filter(|_| more) {
        Some(last) => {
            format!("<NextContinuationToken>after&amp;{last}</NextContinuationToken>")
        }
        None => String::new(),
    };
    Canned::ok(format!(
        "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<ListBucketResult \
         xmlns=\"http://s3.amazonaws.com/doc/2006-03-01/\"><Name>{BUCKET}</Name>{items}\
         <IsTruncated>{more}</IsTruncated>{token}</ListBucketResult>"
    ))
}

/// Whether the request is signed as AWS Signature Version 4 has it, body included.
fn signed(request: &Recorded, path: &str, query: &str) -> Result<(), &'static str> {
    let header = |name: &str| request.header(name).ok_or("AccessDenied");
    let words = header("authorization")?.strip_prefix("AWS4-HMAC-SHA256 ").ok_or("AccessDenied")?;
    let part = |name: &str| {
        let parts = words.split(',').find_map(|part| part.trim().strip_prefix(name));
        parts.ok_or("AuthorizationHeaderMalformed")
    };
    let (credential, names, signature) =
        (part("Credential=")?, part("SignedHeaders=")?, part("Signature=")?);
    let stamp = header("x-amz-date")?;
    let scope = format!("{}/{REGION}/s3/aws4_request", stamp.get(..8).unwrap_or_default());
    if credential != format!("{ACCESS_KEY}/{scope}") {
        return Err("InvalidAccessKeyId");
    }
    let body = hex(&Sha256::digest(&request.body));
    if header("x-amz-content-sha256")? != body {
        return Err("XAmzContentSHA256Mismatch");
    }
    // What must not be changed on the way must be signed.
    let needed = ["host", "x-amz-content-sha256", "x-amz-date", "if-none-match"];
    let listed: Vec<&str> = names.split(';').collect();
    let sent = |name: &&str| request.header(name).is_some() && !listed.contains(name);
    if needed.iter().any(sent) {
        return Err("AccessDenied");
    }
    let mut headers = String::new();
    for name in &listed {
        headers.push_str(&format!("{name}:{}\n", header(name)?));
    }
    let method = &request.method;
    let canonical = format!("{method}\n{path}\n{query}\n{headers}\n{names}\n{body}");
    let digest = hex(&Sha256::digest(canonical));
    let text = format!("AWS4-HMAC-SHA256\n{stamp}\n{scope}\n{digest}");
    let mut key = format!("AWS4{SECRET_KEY}").into_bytes();
    for part in scope.split('/') {
        key = hmac(&key, part.as_bytes());
    }
    match hex(&hmac(&key, text.as_bytes())) == signature {
        true => Ok(()),
        false => Err("SignatureDoesNotMatch"),
    }
}

/// RFC 2104 over SHA-256, whose blocks have 64 bytes.
fn hmac(key: &[u8], message: &[u8]) -> Vec<u8> {
    let mut block = [0u8; 64];
    let short = if key.len() > block.len() { Sha256::digest(key).to_vec() } else { key.to_vec() };
    block.iter_mut().zip(&short).for_each(|(to, from)| *to = *from);
    let padded = |with: u8| block.iter().map(|byte| byte ^ with).collect::<Vec<u8>>();
    let inner = Sha256::new().chain_update(padded(0x36)).chain_update(message).finalize();
    Sha256::new().chain_update(padded(0x5c)).chain_update(inner).finalize().to_vec()
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn its_arithmetic_is_that_of_the_standard() {
        // RFC 4231, test cases 2 and 6.
        let jefe = hmac(b"Jefe", b"what do ya want for nothing?");
        assert_eq!(hex(&jefe), "5bdcc146bf60754e6a042426089575c75a003f089d2739839dec58b964ec3843");
        let long = hmac(&[0xaa; 131], b"Test Using Larger Than Block-Size Key - Hash Key First");
        assert_eq!(hex(&long), "60e431591ee0b67f0d8a26aacbf5b77f8e0bc6213728c5140546040f0ee37f54");
    }
}
