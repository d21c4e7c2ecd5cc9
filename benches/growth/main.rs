//! Growth of the cost: time and memory for each request, with more workers, with more hosts and with more requests.
//!
//! `cargo bench --features internals --bench growth -- [--only workers,threads,hosts,requests] [--rounds N] [--scale F]`
//!
//! Prints a table for each. The transport is in memory, so the figures are the library's own. Each run is a process of
//! its own, so that no figure depends on the memory that another left behind, and a line's rounds come in turn with
//! those of the others. `--scale 10` makes ten times as many requests, up to 10,000,000 in the last table.
//!
//! Without cargo's `--bench`, as `cargo test --benches` runs it, the bench makes a few requests to check that it works.

use std::process::Command;

mod held;
mod measure;
#[path = "../support/mod.rs"]
mod support;

use measure::{Figures, WORKERS};
use support::AnyError;

fn main() -> Result<(), AnyError> {
    let args: Vec<String> = std::env::args().skip(1).collect();
    if let [run, series, size, count] = &args[..]
        && run == "run"
    {
        let figures = measure::run(Series::named(series)?, size.parse()?, count.parse()?)?;
        println!("{}", figures.line());
        return Ok(());
    }
    let plan = Plan::from_args(args)?;
    for series in &plan.series {
        series.show(&plan)?;
    }
    Ok(())
}

struct Plan {
    series: Vec<Series>,
    rounds: usize,
    scale: f64,
}

impl Plan {
    fn from_args(args: Vec<String>) -> Result<Plan, AnyError> {
        let mut plan = Plan {
            series: Series::ALL.to_vec(),
            rounds: 3,
            scale: 1.0,
        };
        if !args.iter().any(|arg| arg == "--bench") {
            // The other arguments are meant for other tests.
            (plan.rounds, plan.scale) = (1, 0.0);
            return Ok(plan);
        }
        let mut args = args.into_iter().filter(|arg| arg != "--bench");
        while let Some(name) = args.next() {
            let value = args.next().ok_or_else(|| format!("{name}: no value"))?;
            match name.as_str() {
                "--only" => {
                    let series: Result<_, _> = value.split(',').map(Series::named).collect();
                    plan.series = series?;
                }
                "--rounds" => plan.rounds = value.parse::<usize>()?.max(1),
                "--scale" => plan.scale = value.parse()?,
                _ => return Err(format!("{name}: not known").into()),
            }
        }
        Ok(plan)
    }

    /// Scales a number of requests. A scale of 0 leaves a few, to check that the bench works.
    fn scaled(&self, count: usize) -> usize {
        ((count as f64 * self.scale) as usize).max(100)
    }
}

/// Number that grows from line to line of a table.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Series {
    Workers,
    /// Plain threads in place of workers: the part of the cost that is the system's.
    Threads,
    Hosts,
    Requests,
}

impl Series {
    const ALL: [Series; 4] = [
        Series::Workers,
        Series::Threads,
        Series::Hosts,
        Series::Requests,
    ];

    fn name(self) -> &'static str {
        match self {
            Series::Workers => "workers",
            Series::Threads => "threads",
            Series::Hosts => "hosts",
            Series::Requests => "requests",
        }
    }

    fn named(name: &str) -> Result<Series, AnyError> {
        let named = Series::ALL.into_iter().find(|series| series.name() == name);
        named.ok_or_else(|| {
            let names = Series::ALL.map(Series::name).join(", ");
            format!("{name}: there are {names}").into()
        })
    }

    /// Sizes of the table's lines, each with its number of requests.
    fn lines(self, plan: &Plan) -> Vec<(usize, usize)> {
        let few = plan.scale == 0.0;
        let powers = |least: u32, most: u32| (least..=most).map(|power| 10_usize.pow(power));
        match self {
            Series::Workers | Series::Threads => {
                let sizes = powers(0, if few { 2 } else { 4 });
                // Ten for each, so that the last ones, which do not wait, are a small part.
                let count = |workers: usize| plan.scaled(300_000).max(10 * workers);
                sizes.map(|workers| (workers, count(workers))).collect()
            }
            Series::Hosts => {
                let sizes = powers(0, if few { 2 } else { 5 });
                let count = |hosts: usize| plan.scaled(1_000_000).max(2 * hosts);
                sizes.map(|hosts| (hosts, count(hosts))).collect()
            }
            Series::Requests => {
                let most = plan.scaled(1_000_000).max(1_000);
                let sizes = powers(3, 7).take_while(|count| *count <= most);
                sizes.map(|count| (count, count)).collect()
            }
        }
    }

    fn title(self) -> String {
        match self {
            Series::Workers => {
                "Workers, started before. As many requests are under way, and each that begins \
                lets the oldest end."
                    .to_owned()
            }
            Series::Threads => {
                "Plain threads that do the same by hand, without the library.".to_owned()
            }
            Series::Hosts => {
                format!("Hosts, asked in turn by {WORKERS} workers, answered at once.")
            }
            Series::Requests => {
                format!("Requests of {WORKERS} workers to one host, answered at once.")
            }
        }
    }

    /// Measures all lines and prints the table.
    fn show(self, plan: &Plan) -> Result<(), AnyError> {
        let lines = self.lines(plan);
        let mut figures: Vec<Vec<Figures>> = vec![Vec::new(); lines.len()];
        for _ in 0..plan.rounds {
            for (&(size, count), runs) in lines.iter().zip(&mut figures) {
                runs.push(self.run_in_own_process(size, count)?);
            }
        }
        println!("\n{}\n", self.title());
        println!(
            "| {} | requests made | time for each | range | CPU for each | peak RSS | more RSS for each more of the {0} |",
            self.name()
        );
        println!("|---:|---:|---:|---:|---:|---:|---:|");
        let mut before: Option<(usize, f64)> = None;
        for ((size, count), runs) in lines.into_iter().zip(figures) {
            let times = || runs.iter().map(|run| run.us);
            let peak = median(&runs, |run| run.peak);
            let more = before.map_or_else(String::new, |(smaller, less)| {
                format!(
                    "{:.0} bytes",
                    (peak - less) * 1024.0 / (size - smaller) as f64
                )
            });
            println!(
                "| {size} | {count} | {:.2} us | {:.2}..{:.2} us | {:.2} us | {:.1} MB | {more} |",
                median(&runs, |run| run.us),
                times().fold(f64::INFINITY, f64::min),
                times().fold(0.0, f64::max),
                median(&runs, |run| run.cpu_us),
                peak / 1024.0,
            );
            before = Some((size, peak));
        }
        Ok(())
    }

    fn run_in_own_process(self, size: usize, count: usize) -> Result<Figures, AnyError> {
        let mut own = Command::new(std::env::current_exe()?);
        own.args(["run", self.name(), &size.to_string(), &count.to_string()]);
        let output = own.output()?;
        if !output.status.success() {
            return Err(String::from_utf8_lossy(&output.stderr).into());
        }
        Figures::parse(&String::from_utf8(output.stdout)?)
    }
}

fn median(runs: &[Figures], of: fn(&Figures) -> f64) -> f64 {
    let mut values: Vec<f64> = runs.iter().map(of).collect();
    values.sort_by(f64::total_cmp);
    (values[(values.len() - 1) / 2] + values[values.len() / 2]) / 2.0
}
