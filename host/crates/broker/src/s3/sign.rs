//! AWS Signature Version 4 over the headers of a request whose body is known. Pure.
//!
//! Source: "Authenticating Requests: Using the Authorization Header (AWS Signature Version 4)" of
//! the Amazon S3 API reference; its examples are the vectors below.

use if_core::UnixMillis;
use ring::{digest as hash, hmac};
use zeroize::Zeroizing;

const ALGORITHM: &str = "AWS4-HMAC-SHA256";
const MILLIS_PER_DAY: u64 = 24 * 60 * 60 * 1000;

/// Who signs, and for where. No `Debug`.
pub(super) struct Keys {
    pub access: String,
    pub secret: Zeroizing<Vec<u8>>,
    pub region: String,
}

/// What is signed of a request.
pub(super) struct Message<'a> {
    pub method: &'a str,
    /// Encoded as it is sent.
    pub path: &'a str,
    /// Encoded as it is sent, in the order of the names.
    pub query: &'a str,
    /// Names in lower case and in their order; all that are sent and may not be changed.
    pub headers: &'a [(&'a str, String)],
}

impl Keys {
    /// The value of `Authorization`, for a body of this digest, at a time as [`stamp`] writes it.
    pub fn authorization(&self, message: &Message<'_>, digest: &str, stamp: &str) -> String {
        let day = stamp.get(..8).unwrap_or_default();
        let scope = format!("{day}/{}/s3/aws4_request", self.region);
        let request = canonical(message, digest);
        let text = format!("{ALGORITHM}\n{stamp}\n{scope}\n{}", self::digest(request.as_bytes()));
        let seed = Zeroizing::new([b"AWS4", self.secret.as_slice()].concat());
        let key = [day, &self.region, "s3", "aws4_request"]
            .iter()
            .fold(seed, |key, part| Zeroizing::new(mac(&key, part.as_bytes())));
        let signature = hex::encode(mac(&key, text.as_bytes()));
        let names = names(message);
        let credential = format!("{}/{scope}", self.access);
        format!("{ALGORITHM} Credential={credential},SignedHeaders={names},Signature={signature}")
    }
}

fn canonical(message: &Message<'_>, digest: &str) -> String {
    let line = |(name, value): &(&str, String)| format!("{name}:{value}\n");
    let headers: String = message.headers.iter().map(line).collect();
    let Message { method, path, query, .. } = message;
    format!("{method}\n{path}\n{query}\n{headers}\n{}\n{digest}", names(message))
}

fn names(message: &Message<'_>) -> String {
    message.headers.iter().map(|(name, _)| *name).collect::<Vec<_>>().join(";")
}

fn mac(key: &[u8], message: &[u8]) -> Vec<u8> {
    let key = hmac::Key::new(hmac::HMAC_SHA256, key);
    hmac::sign(&key, message).as_ref().to_vec()
}

/// SHA-256, in lower-case hexadecimal digits.
pub(super) fn digest(bytes: &[u8]) -> String {
    hex::encode(hash::digest(&hash::SHA256, bytes))
}

/// `20130524T000000Z`.
pub(super) fn stamp(at: UnixMillis) -> String {
    let (year, month, day) = date(at.0 / MILLIS_PER_DAY);
    let seconds = at.0 % MILLIS_PER_DAY / 1000;
    let (hour, minute, second) = (seconds / 3600, seconds / 60 % 60, seconds % 60);
    format!("{year:04}{month:02}{day:02}T{hour:02}{minute:02}{second:02}Z")
}

/// The day of the Gregorian calendar, counted from the first of January 1970.
fn date(days: u64) -> (u64, u64, u64) {
    // Years are taken to begin in March: the leap day is then a year's last. Four hundred of them
    // have 146,097 days, and 1970 began 719,468 days after the first of March of the year 0.
    let days = days + 719_468;
    let (era, day_of_era) = (days / 146_097, days % 146_097);
    let year_of_era =
        (day_of_era - day_of_era / 1460 + day_of_era / 36_524 - day_of_era / 146_096) / 365;
    let day_of_year = day_of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
    let month = (5 * day_of_year + 2) / 153;
    let day = day_of_year - (153 * month + 2) / 5 + 1;
    let (month, next) = if month < 10 { (month + 3, 0) } else { (month - 9, 1) };
    (era * 400 + year_of_era + next, month, day)
}

#[cfg(test)]
mod tests {
    use super::*;

    const HOST: &str = "examplebucket.s3.amazonaws.com";
    const STAMP: &str = "20130524T000000Z";

    fn keys() -> Keys {
        Keys {
            access: "AKIAIOSFODNN7EXAMPLE".to_owned(),
            secret: Zeroizing::new(b"wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY".to_vec()),
            region: "us-east-1".to_owned(),
        }
    }

    /// The signature alone, for a request with these headers besides those of every request.
    fn signature(
        method: &str,
        path: &str,
        query: &str,
        body: &[u8],
        more: &[(&'static str, &str)],
    ) -> String {
        let digest = digest(body);
        let own = [("host", HOST), ("x-amz-content-sha256", &digest), ("x-amz-date", STAMP)];
        let mut headers: Vec<_> =
            own.iter().chain(more).map(|(name, value)| (*name, (*value).to_owned())).collect();
        headers.sort();
        let message = Message { method, path, query, headers: &headers };
        let value = keys().authorization(&message, &digest, STAMP);
        value.rsplit_once("Signature=").unwrap().1.to_owned()
    }

    #[test]
    fn the_published_examples_are_signed_as_published() {
        assert_eq!(
            signature("GET", "/test.txt", "", b"", &[("range", "bytes=0-9")]),
            "f0e8bdb87c964420e857bd35b5d6ed310bd44f0170aba48dd91039c6036bdb41"
        );
        let more = [
            ("date", "Fri, 24 May 2013 00:00:00 GMT"),
            ("x-amz-storage-class", "REDUCED_REDUNDANCY"),
        ];
        assert_eq!(
            signature("PUT", "/test%24file.text", "", b"Welcome to Amazon S3.", &more),
            "98ad721746da40c64f1a55b78f14c238d841ea1380cd77a1b5971af0ece108bd"
        );
        assert_eq!(
            signature("GET", "/", "lifecycle=", b"", &[]),
            "fea454ca298b7da1c68078a5d1bdbfbbe0d65c699e0f91ac7a200a0136783543"
        );
        assert_eq!(
            signature("GET", "/", "max-keys=2&prefix=J", b"", &[]),
            "34b48302e7b5fa45bde8084f4b7868a86f0a534bc59db6670ed5711ef69dc6f7"
        );
    }

    #[test]
    fn times_are_written_as_the_calendar_has_them() {
        for (millis, expect) in [
            (0, "19700101T000000Z"),
            (951_782_399_999, "20000228T235959Z"),
            (951_782_400_000, "20000229T000000Z"),
            (1_369_353_600_000, "20130524T000000Z"),
            (1_735_689_599_000, "20241231T235959Z"),
            (4_107_542_400_000, "21000301T000000Z"),
        ] {
            assert_eq!(stamp(UnixMillis(millis)), expect);
        }
    }
}
