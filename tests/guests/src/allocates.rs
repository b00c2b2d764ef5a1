//! Takes memory until it is stopped.

use std::hint::black_box;

use wharf_provider_sdk::{Error, Provider, Request, Response};

/// The provider.
#[derive(Debug)]
pub struct Allocates;

wharf_provider_sdk::provider!(Allocates);

impl Provider for Allocates {
    wharf_test_guests::plain!("allocates");
    wharf_test_guests::streams_its_answer!();

    fn generate(_request: Request) -> Result<Response, Error> {
        let mut hoard: Vec<Vec<u8>> = Vec::new();
        loop {
            hoard.push(vec![0xA5; 1 << 20]);
            black_box(&hoard);
        }
    }
}
