//! Certificates, written by hand in DER (X.690, RFC 5280).

use super::{Key, Subject};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use p256::ecdsa::signature::Signer as _;

const SEQUENCE: u8 = 0x30;
const SET: u8 = 0x31;
const OCTETS: u8 = 0x04;
const BITS: u8 = 0x03;
const UTF8: u8 = 0x0c;

const COMMON_NAME: &[u8] = &[0x55, 0x04, 0x03];
const BASIC_CONSTRAINTS: &[u8] = &[0x55, 0x1d, 0x13];
const KEY_USAGE: &[u8] = &[0x55, 0x1d, 0x0f];
const SUBJECT_NAMES: &[u8] = &[0x55, 0x1d, 0x11];
const EXTENDED_USAGE: &[u8] = &[0x55, 0x1d, 0x25];
const CODE_SIGNING: &[u8] = &[0x2b, 6, 1, 5, 5, 7, 3, 3];
/// 1.3.6.1.4.1.57264.1.8: the token's issuer.
const TOKEN_ISSUER: &[u8] = &[0x2b, 6, 1, 4, 1, 0x83, 0xbf, 0x30, 1, 8];
/// 1.3.6.1.4.1.11129.2.4.2: timestamps of certificate logs.
const CERTIFICATE_TIMESTAMPS: &[u8] = &[0x2b, 6, 1, 4, 1, 0xd6, 0x79, 2, 4, 2];
const ECDSA_SHA256: &[u8] = &[0x2a, 0x86, 0x48, 0xce, 0x3d, 4, 3, 2];

/// In front of the 65 bytes of a point in the SPKI of a P-256 key (RFC 5480).
const SPKI_PREFIX: [u8; 26] = [
    0x30, 0x59, 0x30, 0x13, 0x06, 0x07, 0x2a, 0x86, 0x48, 0xce, 0x3d, 0x02, 0x01, 0x06, 0x08, 0x2a,
    0x86, 0x48, 0xce, 0x3d, 0x03, 0x01, 0x07, 0x03, 0x42, 0x00,
];

/// The public half as SPKI DER.
pub fn spki(key: &Key) -> Vec<u8> {
    let point = key.verifying_key().to_encoded_point(false);
    [&SPKI_PREFIX[..], point.as_bytes()].concat()
}

/// The public half as PEM.
pub fn spki_pem(key: &Key) -> String {
    pem("PUBLIC KEY", &spki(key))
}

/// PEM of 64 columns (RFC 7468).
pub fn pem(label: &str, der: &[u8]) -> String {
    let text = STANDARD.encode(der);
    let lines: Vec<&str> =
        text.as_bytes().chunks(64).filter_map(|it| std::str::from_utf8(it).ok()).collect();
    format!("-----BEGIN {label}-----\n{}\n-----END {label}-----\n", lines.join("\n"))
}

fn value(tag: u8, content: &[u8]) -> Vec<u8> {
    let length = content.len();
    let head = match length {
        0..=0x7f => vec![tag, length as u8],
        0x80..=0xff => vec![tag, 0x81, length as u8],
        _ => vec![tag, 0x82, (length >> 8) as u8, length as u8],
    };
    [head, content.to_vec()].concat()
}

fn sequence(parts: &[Vec<u8>]) -> Vec<u8> {
    value(SEQUENCE, &parts.concat())
}

fn oid(bytes: &[u8]) -> Vec<u8> {
    value(0x06, bytes)
}

fn named(name: &str) -> Vec<u8> {
    let attribute = sequence(&[oid(COMMON_NAME), value(UTF8, name.as_bytes())]);
    sequence(&[value(SET, &attribute)])
}

fn extension(id: &[u8], critical: bool, content: &[u8]) -> Vec<u8> {
    let flag = if critical { value(0x01, &[0xff]) } else { Vec::new() };
    sequence(&[oid(id), flag, value(OCTETS, content)])
}

/// `YYMMDDHHMMSSZ` of seconds since 1970, by Hinnant's calendar.
fn time(seconds: u64) -> Vec<u8> {
    let (days, rest) = (seconds / 86_400, seconds % 86_400);
    let shifted = days + 719_468;
    let (era, of_era) = (shifted / 146_097, shifted % 146_097);
    let year_of_era = (of_era - of_era / 1460 + of_era / 36_524 - of_era / 146_096) / 365;
    let of_year = of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
    let shifted_month = (5 * of_year + 2) / 153;
    let day = of_year - (153 * shifted_month + 2) / 5 + 1;
    let month = if shifted_month < 10 { shifted_month + 3 } else { shifted_month - 9 };
    let year = year_of_era + era * 400 + u64::from(month <= 2);
    let (hour, minute, second) = (rest / 3600, rest / 60 % 60, rest % 60);
    let text = format!("{:02}{month:02}{day:02}{hour:02}{minute:02}{second:02}Z", year % 100);
    value(0x17, text.as_bytes())
}

fn unsigned(
    (subject, issuer): (&[u8], &[u8]),
    (not_before, not_after): (u64, u64),
    holder: &Key,
    extensions: &[Vec<u8>],
) -> Vec<u8> {
    sequence(&[
        value(0xa0, &value(0x02, &[2])),
        value(0x02, &[0x11, 0x22, 0x33]),
        sequence(&[oid(ECDSA_SHA256)]),
        issuer.to_vec(),
        sequence(&[time(not_before), time(not_after)]),
        subject.to_vec(),
        spki(holder),
        value(0xa3, &sequence(extensions)),
    ])
}

/// Signs what is to be a certificate.
pub(super) fn signed(unsigned: &[u8], key: &Key) -> Vec<u8> {
    let signature: p256::ecdsa::DerSignature = key.sign(unsigned);
    let bits = [&[0], signature.as_bytes()].concat();
    sequence(&[unsigned.to_vec(), sequence(&[oid(ECDSA_SHA256)]), value(BITS, &bits)])
}

/// A root that signs itself, from 2001 to 2049.
pub(super) fn authority(key: &Key, name: &str) -> Vec<u8> {
    let name = named(name);
    let constraints = sequence(&[value(0x01, &[0xff]), value(0x02, &[1])]);
    let extensions = [
        extension(BASIC_CONSTRAINTS, true, &constraints),
        // Bit 5 and 6: may sign certificates and lists.
        extension(KEY_USAGE, true, &value(BITS, &[1, 0x06])),
    ];
    let validity = (978_307_200, 2_493_072_000);
    signed(&unsigned((&name, &name), validity, key, &extensions), key)
}

/// A signer's certificate before it is signed; with the log's timestamps when there are some.
pub(super) fn leaf(holder: &Key, subject: &Subject, issuer: &str, sct: Option<&[u8]>) -> Vec<u8> {
    let name = |name: &String| {
        let kind = if name.contains("://") { 0x86 } else { 0x81 };
        value(kind, name.as_bytes())
    };
    let names: Vec<Vec<u8>> = subject.names.iter().map(name).collect();
    let mut extensions = vec![
        // Bit 0: may sign.
        extension(KEY_USAGE, true, &value(BITS, &[7, 0x80])),
        extension(EXTENDED_USAGE, false, &sequence(&[oid(CODE_SIGNING)])),
        extension(SUBJECT_NAMES, true, &sequence(&names)),
        extension(TOKEN_ISSUER, false, &value(UTF8, subject.issuer.as_bytes())),
    ];
    if let Some(list) = sct {
        extensions.push(extension(CERTIFICATE_TIMESTAMPS, false, &value(OCTETS, list)));
    }
    let validity = (subject.not_before, subject.not_after);
    unsigned((&sequence(&[]), &named(issuer)), validity, holder, &extensions)
}
