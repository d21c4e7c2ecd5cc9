//! Table of the results.

use crate::clients::Peer;
use crate::figures::Figures;
use crate::process::Pins;
use crate::system;
use crate::workload::Workload;

/// Cores that other processes may take: if they take more, the figures may have changed.
const QUIET: f64 = 0.15;

pub(crate) fn head(pins: &Pins) {
    let date = jiff::Timestamp::now().strftime("%Y-%m-%d");
    let cores = std::thread::available_parallelism().map_or(1, usize::from);
    let pinned = match pins.cores {
        Some((server, client)) => format!("server on core {server}, client on core {client}"),
        None => "no taskset or no second core: nothing is pinned".to_owned(),
    };
    let load = system::load().map_or("load unknown".into(), |load| {
        format!("load {load} at start")
    });
    println!("{date}, {cores} cores, {pinned}, {load}\n");
    println!(
        "| workload | client | requests/s | range | peak RSS | haul is | server busy | notes |"
    );
    println!("|---|---|---:|---:|---:|---:|---:|---|");
}

pub(crate) fn left_out(workload: &Workload, reason: &str) {
    println!("| {} | | | | | | | left out: {reason} |", workload.title);
}

/// Prints a row for each client. `rounds` has the figures of all clients for each round.
pub(crate) fn rows(workload: &Workload, peers: &[Peer], rounds: &[Vec<Option<Figures>>]) {
    let of = |at: usize| rounds.iter().filter_map(move |round| round[at]);
    let haul = peers.iter().position(|peer| *peer == Peer::Haul);
    for (at, peer) in peers.iter().enumerate() {
        let rates: Vec<f64> = of(at).map(|figures| figures.rate()).collect();
        if rates.is_empty() {
            println!(
                "| {} | {} | | | | | | no run ended |",
                workload.title,
                peer.name()
            );
            continue;
        }
        let ratios: Vec<f64> = haul
            .filter(|haul| *haul != at)
            .map(|haul| {
                let both = rounds
                    .iter()
                    .filter_map(|round| Some((round[haul]?, round[at]?)));
                both.map(|(haul, other)| haul.rate() / other.rate())
                    .collect()
            })
            .unwrap_or_default();
        let ratio = if ratios.is_empty() {
            String::new()
        } else {
            format!("{:.2}x", median(ratios))
        };
        let peak = match median(of(at).map(|figures| figures.peak as f64).collect()) {
            0.0 => "?".to_owned(),
            peak => format!("{:.0} MB", peak / 1024.0),
        };
        println!(
            "| {} | {} | {} | {}..{} | {peak} | {ratio} | {:.0} % | {} |",
            workload.title,
            peer.name(),
            grouped(median(rates.clone())),
            grouped(rates.iter().copied().fold(f64::INFINITY, f64::min)),
            grouped(rates.iter().copied().fold(0.0, f64::max)),
            100.0 * median(of(at).map(|figures| figures.server).collect()),
            notes(workload, *peer, &of(at).collect::<Vec<_>>()).join("; "),
        );
    }
}

fn notes(workload: &Workload, peer: Peer, runs: &[Figures]) -> Vec<String> {
    let mut notes = Vec::new();
    let failed: usize = runs.iter().map(|figures| figures.failed).sum();
    if failed > 0 {
        notes.push(format!("{failed} failed"));
    }
    let count = workload.count_for(peer);
    if count != workload.count {
        notes.push(format!("{count} of {} requests", workload.count));
    }
    let others = median(runs.iter().map(|figures| figures.others).collect());
    if others > QUIET {
        notes.push(format!("under load: others took {others:.2} cores"));
    }
    notes
}

fn median(mut values: Vec<f64>) -> f64 {
    values.sort_by(f64::total_cmp);
    let n = values.len();
    (values[(n - 1) / 2] + values[n / 2]) / 2.0
}

/// Formats a number with commas between thousands.
fn grouped(value: f64) -> String {
    let digits = format!("{value:.0}");
    let mut text = String::new();
    for (i, digit) in digits.chars().enumerate() {
        if i > 0 && (digits.len() - i) % 3 == 0 {
            text.push(',');
        }
        text.push(digit);
    }
    text
}
