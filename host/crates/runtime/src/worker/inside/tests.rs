//! What a worker takes from whoever has started it.

use super::*;
use crate::Stream;
use crate::tests::fixture::call;
use rustix::net::{SendAncillaryBuffer, SendAncillaryMessage, SendFlags, sendmsg};
use std::io::IoSlice;

/// What is received of this byte and so many descriptors.
fn received(byte: u8, descriptors: usize) -> Result<Option<OwnedFd>> {
    let (house, worker) = UnixStream::pair().unwrap();
    let files: Vec<_> = (0..descriptors).map(|_| tempfile::tempfile().unwrap()).collect();
    let borrowed: Vec<_> = files.iter().map(AsFd::as_fd).collect();
    let mut space = [MaybeUninit::uninit(); rustix::cmsg_space!(ScmRights(4))];
    let mut beside = SendAncillaryBuffer::new(&mut space);
    if !borrowed.is_empty() {
        assert!(beside.push(SendAncillaryMessage::ScmRights(&borrowed)));
    }
    sendmsg(&house, &[IoSlice::new(&[byte])], &mut beside, SendFlags::empty()).unwrap();
    receive(&worker)
}

#[test]
fn one_descriptor_beside_its_byte_is_taken_and_nothing_else() {
    assert!(received(b'M', 1).unwrap().is_some());
    let refused = [(b'M', 0), (b'X', 1), (b'M', 2), (b'M', 4)];
    for (byte, descriptors) in refused {
        let error = received(byte, descriptors).unwrap_err();
        assert!(error.to_string().contains("no machine code"), "{error}");
    }
}

#[test]
fn a_house_that_is_gone_wants_nothing_any_more() {
    let (house, worker) = UnixStream::pair().unwrap();
    drop(house);
    assert!(receive(&worker).unwrap().is_none());
}

/// What a worker makes of these words of the house.
fn heard(told: &[Told]) -> Result<()> {
    let (mut house, worker) = UnixStream::pair().unwrap();
    for told in told {
        house.write_all(&encode(told).unwrap()).unwrap();
    }
    drop(house);
    worker.set_nonblocking(true).unwrap();
    let executor = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    executor.block_on(async {
        let (incoming, _outgoing) = tokio::net::UnixStream::from_std(worker).unwrap().into_split();
        let far = Far::new(channel(1).0);
        hear(incoming, Reader::new(MESSAGE_BYTES_MAX), &far, &watch::channel(false).0).await
    })
}

#[test]
fn a_worker_has_one_call_in_its_life() {
    assert!(heard(&[Told::Interrupt]).is_ok());
    let second = Told::Call { call: Box::new(call()) };
    let error = heard(&[second]).unwrap_err();
    assert!(error.to_string().contains("a second call"), "{error}");
}

#[test]
fn an_answer_that_nobody_waits_for_is_dropped() {
    let answer = Answer { at: UnixMillis(1), effect: None, result: Ok(if_core::Reply::Done) };
    assert!(heard(&[Told::Answer { id: 7, answer }]).is_ok());
}

#[test]
fn the_kernels_bounds_follow_the_calls_limits() {
    let mut small = call();
    small.deadline_ms = 3_000;
    small.limits.memory_bytes_max = 1 << 20;
    small.limits.message_bytes_max = 1 << 20;
    (small.limits.output_bytes_max, small.limits.log_bytes_max) = (1 << 20, 1 << 20);
    let small_bounds = bounds(&small);
    assert_eq!(small_bounds.cpu_seconds, Some(8));
    assert_eq!(small_bounds.address_bytes, 128 << 30);
    assert_eq!(small_bounds.data_bytes, Some((96 + 1 + 6 + 4) << 20));
    let stream = Some(Stream { stop_after_ms: None });
    assert_eq!(bounds(&Call { stream, ..small }).cpu_seconds, None, "it may run all night");
}
