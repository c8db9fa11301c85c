//! What leaves for a bucket and what is made of its answers, over real sockets of this machine.
//! That a server checks the signature is in `tests/it/anchors.rs`.

use super::*;
use crate::gate::tests::servers::{self, Server, answer};
use if_core::UnixMillis;

const SECRET: &str = "wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY";

struct At;

impl Clock for At {
    fn now(&self) -> UnixMillis {
        UnixMillis(1_369_353_600_000)
    }
}

fn access(url: &str) -> S3Access {
    S3Access {
        url: url.to_owned(),
        region: "us-east-1".to_owned(),
        ca_file: None,
        access_key: Zeroizing::new(b"AKIAIOSFODNN7EXAMPLE".to_vec()),
        secret_key: Zeroizing::new(SECRET.into()),
        clock: Arc::new(At),
    }
}

fn store(server: &Server) -> S3Store {
    S3Store::new(access(&format!("http://127.0.0.1:{}/bucket/studio/", server.port))).unwrap()
}

fn refused(status: &str) -> String {
    format!("HTTP/1.1 {status}\r\ncontent-length: 0\r\n\r\n")
}

#[tokio::test]
async fn an_object_is_put_where_there_is_none_and_the_secret_stays() {
    let server = servers::http(refused("412 Precondition Failed")).await;
    assert_eq!(store(&server).put("checkpoint", "7", b"note").await, Ok(false));
    let seen = server.seen().remove(0);
    assert!(seen.starts_with("PUT /bucket/studio/checkpoint/7 HTTP/1.1\r\n"), "{seen}");
    assert!(seen.contains("if-none-match: *\r\n") && seen.ends_with("\r\n\r\nnote"), "{seen}");
    assert!(seen.contains("x-amz-date: 20130524T000000Z\r\n"), "{seen}");
    let signed = "SignedHeaders=host;if-none-match;x-amz-content-sha256;x-amz-date,Signature=";
    assert!(seen.contains(signed) && !seen.contains(SECRET), "{seen}");
}

#[tokio::test]
async fn a_server_that_writes_over_what_is_there_is_no_anchor() {
    let server = servers::http(answer("", "")).await;
    let put = store(&server).put("checkpoint", "7", b"note").await;
    assert_eq!(put, Err(S3Why::Overwrites));
    assert_eq!(server.seen().len(), 2);
}

#[tokio::test]
async fn a_list_gives_the_names_below_its_folder_and_no_other() {
    let body = "<ListBucketResult><Contents><Key>studio/checkpoint/7</Key></Contents>\
                <Contents><Key>other/checkpoint/8</Key></Contents></ListBucketResult>";
    let server = servers::http(answer("content-type: application/xml\r\n", body)).await;
    assert_eq!(store(&server).list("checkpoint").await.unwrap(), ["7"]);
    let seen = server.seen().remove(0);
    let line = "GET /bucket?list-type=2&prefix=studio%2Fcheckpoint%2F HTTP/1.1\r\n";
    assert!(seen.starts_with(line), "{seen}");
}

#[tokio::test]
async fn a_list_without_end_ends() {
    let body = "<ListBucketResult><IsTruncated>true</IsTruncated>\
                <NextContinuationToken>on</NextContinuationToken></ListBucketResult>";
    let server = servers::http(answer("", body)).await;
    assert_eq!(store(&server).list("checkpoint").await, Err(S3Why::Endless));
    assert_eq!(server.seen().len(), PAGES_MAX);
    assert!(server.seen().remove(1).starts_with("GET /bucket?continuation-token=on&list-type=2"));
}

#[tokio::test]
async fn what_a_server_does_not_give_is_told_apart() {
    for (status, expect) in [
        ("404 Not Found", S3Why::Gone("checkpoint/7".to_owned())),
        ("403 Forbidden", S3Why::Refused { code: None }),
        ("307 Temporary Redirect", S3Why::Redirected),
        ("500 Internal Server Error", S3Why::Status { status: 500, code: None }),
    ] {
        let server = servers::http(refused(status)).await;
        let read = store(&server).read_all("checkpoint", &["7".to_owned()]).await;
        assert_eq!(read, Err(expect), "{status}");
    }
}

#[tokio::test]
async fn nothing_goes_in_clear_to_another_machine_nor_to_a_metadata_service() {
    let list = |url| async move { S3Store::new(access(url)).unwrap().list("checkpoint").await };
    assert_eq!(list("http://10.0.0.1/bucket").await, Err(S3Why::Plain));
    let metadata = list("https://169.254.169.254/bucket").await.unwrap_err();
    assert!(matches!(metadata, S3Why::Forbidden { .. }), "{metadata}");
}

#[test]
fn what_is_no_place_in_a_bucket_is_refused() {
    let of = |url: &str| check(url, "eu-central-1").unwrap_err();
    assert_eq!(check("https://s3.example.com/bucket", "eu-central-1"), Ok(()));
    assert_eq!(check("https://s3.example.com/bucket/a/b/", "eu-central-1"), Ok(()));
    assert_eq!(of("s3://bucket/a"), S3Why::Address);
    assert_eq!(of("https://s3.example.com/bucket?x"), S3Why::Address);
    assert_eq!(of("https://s3.example.com/"), S3Why::Name);
    assert_eq!(of("https://s3.example.com/b//c"), S3Why::Name);
    assert_eq!(of("https://s3.example.com/b/a b"), S3Why::Name);
    assert_eq!(check("https://s3.example.com/b", "EU").unwrap_err(), S3Why::Region);
    assert_eq!(check("https://s3.example.com/b", "").unwrap_err(), S3Why::Region);
    for key in ["", "two words", "line\nbreak"] {
        let access_key = Zeroizing::new(key.into());
        let access = S3Access { access_key, ..access("https://s3.example.com/b") };
        assert_eq!(S3Store::new(access).err(), Some(S3Why::KeyForm), "{key:?}");
    }
}
