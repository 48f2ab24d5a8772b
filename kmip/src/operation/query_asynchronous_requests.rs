//! Query Asynchronous Requests: lists pending requests.
//!
//! Rules: KMIP 2.1, section 6.1.41.

use crate::enums::{Operation, ProcessingStage};
use crate::field::{List, structure};
use crate::primitive::DateTimeExtended;

structure! {
    /// What Query Asynchronous Requests is given.
    #[derive(Clone, Copy)]
    QueryAsynchronousRequestsRequest<'a> {
        /// Which; all if absent.
        values: Option<AsynchronousCorrelationValues<'a>> = ASYNCHRONOUS_CORRELATION_VALUES,
        /// Of which operations; all if absent.
        operations: Option<Operations<'a>> = OPERATIONS,
    }
}

structure! {
    /// What Query Asynchronous Requests yields.
    #[derive(Clone, Copy)]
    QueryAsynchronousRequestsResponse<'a> {
        /// The requests.
        requests: List<'a, AsynchronousRequest<'a>> = ASYNCHRONOUS_REQUEST,
    }
}

structure! {
    /// Pending requests, by what they are polled with.
    #[derive(Clone, Copy)]
    AsynchronousCorrelationValues<'a> {
        /// Any number.
        values: List<'a, &'a [u8]> = ASYNCHRONOUS_CORRELATION_VALUE,
    }
}

structure! {
    /// Operations.
    #[derive(Clone, Copy)]
    Operations<'a> {
        /// Any number.
        operations: List<'a, Operation> = OPERATION,
    }
}

structure! {
    /// A pending request.
    #[derive(Clone, Copy)]
    AsynchronousRequest<'a> {
        /// What it is polled with.
        value: &'a [u8] = ASYNCHRONOUS_CORRELATION_VALUE,
        /// What it does.
        operation: Operation = OPERATION,
        /// When it came.
        submitted: DateTimeExtended = SUBMISSION_DATE,
        /// How far it is.
        stage: ProcessingStage = PROCESSING_STAGE,
    }
}
