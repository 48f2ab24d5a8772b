//! Sends and receives descriptors beside bytes over a Unix socket.

use std::io::{IoSlice, IoSliceMut};
use std::mem::MaybeUninit;
use std::os::fd::{AsFd, BorrowedFd, OwnedFd};

use rustix::net::{
    RecvAncillaryBuffer, RecvAncillaryMessage, RecvFlags, ReturnFlags, SendAncillaryBuffer,
    SendAncillaryMessage, SendFlags, recvmsg, sendmsg,
};

use super::FdsError;

/// At most this many descriptors travel in one message.
pub const FDS_PER_MESSAGE_MAX: usize = 16;

/// What arrived in one message.
#[derive(Debug)]
pub struct Received {
    /// How many bytes of the buffer were filled.
    pub bytes: usize,
    /// The descriptors, in the order they were sent; closed on `execve`.
    pub descriptors: Vec<OwnedFd>,
}

/// Sends `bytes` (at least one) and descriptors in one message. The sender keeps its own copies.
///
/// Returns how many bytes were taken; on a stream socket that may be fewer, and the descriptors went with the first.
///
/// # Errors
/// [`FdsError::TooMany`], [`FdsError::Kernel`]: nothing was sent.
pub fn send(socket: impl AsFd, bytes: &[u8], descriptors: &[BorrowedFd<'_>]) -> Result<usize, FdsError> {
    if descriptors.len() > FDS_PER_MESSAGE_MAX {
        return Err(FdsError::TooMany);
    }
    let mut space = [MaybeUninit::uninit(); rustix::cmsg_space!(ScmRights(FDS_PER_MESSAGE_MAX))];
    let mut control = SendAncillaryBuffer::new(&mut space);
    if !descriptors.is_empty() && !control.push(SendAncillaryMessage::ScmRights(descriptors)) {
        return Err(FdsError::TooMany);
    }
    sendmsg(socket, &[IoSlice::new(bytes)], &mut control, SendFlags::NOSIGNAL)
        .map_err(|errno| FdsError::Kernel { step: "sendmsg", source: errno.into() })
}

/// Receives one message with its descriptors.
///
/// # Errors
/// - [`FdsError::Closed`]: end of the stream.
/// - [`FdsError::TooMany`]: more descriptors than allowed; all are closed again.
/// - [`FdsError::Kernel`]: anything else, also that nothing is there yet on a non-blocking socket.
pub fn receive(socket: impl AsFd, buffer: &mut [u8]) -> Result<Received, FdsError> {
    let mut space = [MaybeUninit::uninit(); rustix::cmsg_space!(ScmRights(FDS_PER_MESSAGE_MAX))];
    let mut control = RecvAncillaryBuffer::new(&mut space);
    let message = recvmsg(socket, &mut [IoSliceMut::new(buffer)], &mut control, RecvFlags::CMSG_CLOEXEC)
        .map_err(|errno| FdsError::Kernel { step: "recvmsg", source: errno.into() })?;
    let mut descriptors = Vec::new();
    for item in control.drain() {
        if let RecvAncillaryMessage::ScmRights(arrived) = item {
            descriptors.extend(arrived);
        }
    }
    if message.flags.contains(ReturnFlags::CTRUNC) || descriptors.len() > FDS_PER_MESSAGE_MAX {
        return Err(FdsError::TooMany);
    }
    if message.bytes == 0 && descriptors.is_empty() {
        return Err(FdsError::Closed);
    }
    Ok(Received { bytes: message.bytes, descriptors })
}
