//! Thread that carries out the core's orders for the client.

use std::thread;
use std::time::Duration;

use super::part::WorkerPart;
use super::shared::SharedCore;
use crate::batch::{CancelToken, Intake};

/// Time between two looks whether the worker is to end.
const LOOK: Duration = Duration::from_millis(50);

/// Carries out the core's orders for the client until the worker is over. The client and its limiter are told how many
/// workers live.
pub(super) fn follow_orders(
    core: &SharedCore,
    intake: &Intake,
    token: &CancelToken,
    part: &WorkerPart<'_>,
    mut stop: impl FnMut() -> Option<Duration>,
) {
    // A refusal that an earlier worker of the run met may be over.
    let _ = part.link.take_refusal();
    let (mut is_stopped, mut is_drained, mut is_cut_off) = (false, false, false);
    loop {
        if !is_stopped && let Some(grace) = stop() {
            is_stopped = true;
            core.change(|core, now| core.drain(grace, now));
        }
        if let Some(why) = part.link.take_refusal() {
            core.change(|core, now| core.limits_refused(why, now));
        }
        let (orders, is_over, workers) = core.change(|core, now| {
            let orders = core.orders(now);
            (orders, core.is_over().is_some(), core.workers())
        });
        part.divide_by(workers);
        for (host, count) in &orders.give_back {
            let given = intake.give_back(host, *count);
            core.change(|core, _| core.given_back(host, *count, given));
        }
        if orders.drain && !is_drained {
            is_drained = true;
            token.drain();
        }
        if (orders.cut_off || is_over) && !is_cut_off {
            is_cut_off = true;
            token.cancel();
        }
        if is_over {
            return;
        }
        thread::park_timeout(LOOK);
    }
}
