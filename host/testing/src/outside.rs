use std::sync::Mutex;

use futures_util::future::BoxFuture;
use powerbox_core::local::Outside;
use powerbox_core::local::http::{HttpAnswer, HttpCall, HttpError};

use crate::scenario::{Page, Scenario};

/// A clock that stands still, randomness that is none, and a web of a few pages.
pub(crate) struct Scripted {
    clock: u64,
    random: Mutex<u64>,
    pages: Vec<Page>,
}

impl Scripted {
    pub(crate) fn of(scenario: &Scenario) -> Self {
        Self { clock: scenario.clock, random: Mutex::new(scenario.seed), pages: scenario.web.clone() }
    }
}

impl Outside for Scripted {
    fn now(&self) -> u64 {
        self.clock
    }

    fn random(&self, place: &mut [u8]) -> Result<(), String> {
        let mut state = self.random.lock().unwrap_or_else(std::sync::PoisonError::into_inner);
        for byte in place {
            // SplitMix64: any seed will do, and the same gives the same.
            *state = state.wrapping_add(0x9e37_79b9_7f4a_7c15);
            let mut mixed = *state;
            mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
            mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
            *byte = (mixed >> 56) as u8;
        }
        Ok(())
    }

    fn call<'a>(&'a self, call: &'a HttpCall) -> BoxFuture<'a, Result<HttpAnswer, HttpError>> {
        let page = self.pages.iter().find(|page| page.url == call.url && page.method == call.method);
        let answer = match page {
            None => {
                Err(HttpError::Unreachable(format!("the scenario has no page {} {}", call.method, call.url)))
            }
            Some(page) if page.body.len() > call.most => Err(HttpError::TooLarge(call.most)),
            Some(page) => Ok(HttpAnswer {
                status: page.status,
                headers: page.headers.clone().into_iter().collect(),
                body: page.body.clone().into_bytes(),
            }),
        };
        Box::pin(async move { answer })
    }
}
