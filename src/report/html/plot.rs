//! Plots of bars as SVG. Places along a plot are in per cent, so that text keeps its size at every width.

use std::fmt::{self, Display, Formatter};

use super::scale::{ScaleLabel, steps};
use crate::report::markup::MarkupText;

/// Height of the bars' area, in pixels.
const HEIGHT: f64 = 160.0;

/// Height of a line of text, in pixels.
const LINE: f64 = 18.0;

/// Least height of a part that is not zero, so that one failure among a million is seen.
const LEAST: f64 = 2.0;

/// Plot of bars, each a stack of parts.
pub(super) struct BarPlot<'a> {
    /// Identifier of the element, and prefix of those within it.
    pub(super) id: &'a str,
    pub(super) title: &'a str,
    /// Description in place of the plot.
    pub(super) description: String,
    pub(super) bars: Vec<PlotBar>,
    pub(super) labels: Vec<ScaleLabel>,
    /// Places that a line marks.
    pub(super) marks: Vec<ScaleLabel>,
}

/// Bar of a plot.
pub(super) struct PlotBar {
    /// Left and right edge, in per cent.
    pub(super) span: (f64, f64),
    /// Classes and values, lowest part first.
    pub(super) parts: Vec<(&'static str, f64)>,
    /// Text that is shown beside the pointer.
    pub(super) hint: String,
}

impl PlotBar {
    fn value(&self) -> f64 {
        self.parts.iter().map(|(_, value)| value).sum()
    }
}

impl Display for BarPlot<'_> {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        let most = self.bars.iter().map(PlotBar::value).fold(0.0, f64::max);
        let (step, end) = steps(most);
        let top = LINE * (self.marks.len() + 1) as f64;
        let bottom = top + HEIGHT;
        let id = self.id;
        writeln!(
            f,
            "<svg class=\"plot\" role=\"img\" aria-labelledby=\"{id}-title {id}-desc\" width=\"100%\" height=\"{}\">",
            bottom + LINE + 6.0
        )?;
        writeln!(f, "<title id=\"{id}-title\">{}</title>", self.title)?;
        let description = MarkupText(&self.description);
        writeln!(f, "<desc id=\"{id}-desc\">{description}</desc>")?;
        let y = |value: f64| bottom - value / end * HEIGHT;
        let lines = (0..=(end / step).round() as u32).map(|n| f64::from(n) * step);
        for value in lines.clone() {
            let y = y(value);
            writeln!(
                f,
                "<line class=\"grid\" x1=\"0\" x2=\"100%\" y1=\"{y:.1}\" y2=\"{y:.1}\"/>"
            )?;
        }
        self.bars.iter().try_for_each(|bar| write_bar(f, bar, &y))?;
        for value in lines.skip(1) {
            // Left of the plot, in the padding of its figure.
            let (text, y) = (value_label(value, step), y(value) + 4.0);
            writeln!(
                f,
                "<text x=\"-8\" y=\"{y:.1}\" text-anchor=\"end\">{text}</text>"
            )?;
        }
        self.write_marks(f, bottom)?;
        for (n, label) in self.labels.iter().enumerate() {
            let anchor = match label.at {
                ..4.0 => "start",
                96.0.. => "end",
                _ => "middle",
            };
            // Every second label is left out where there is little room.
            let class = if n % 2 == 1 { "wide" } else { "always" };
            writeln!(
                f,
                "<text class=\"{class}\" x=\"{:.2}%\" y=\"{:.1}\" text-anchor=\"{anchor}\">{}</text>",
                label.at,
                bottom + LINE,
                label.text
            )?;
        }
        writeln!(f, "</svg>")
    }
}

impl BarPlot<'_> {
    /// Writes the lines, and above them the texts, which keep the lines from crossing them.
    fn write_marks(&self, f: &mut Formatter<'_>, bottom: f64) -> fmt::Result {
        let marks = || self.marks.iter().enumerate();
        for (n, mark) in marks() {
            let (x, y) = (mark.at, LINE * n as f64 + 4.0);
            writeln!(
                f,
                "<line class=\"mark\" x1=\"{x:.2}%\" x2=\"{x:.2}%\" y1=\"{y:.1}\" y2=\"{bottom:.1}\"/>"
            )?;
        }
        for (n, mark) in marks() {
            let (x, y) = (mark.at, LINE * (n + 1) as f64 - 4.0);
            let (anchor, dx) = if x < 50.0 { ("start", 5) } else { ("end", -5) };
            writeln!(
                f,
                "<text class=\"mark\" x=\"{x:.2}%\" y=\"{y:.1}\" dx=\"{dx}\" text-anchor=\"{anchor}\">{}</text>",
                mark.text
            )?;
        }
        Ok(())
    }
}

fn write_bar(f: &mut Formatter<'_>, bar: &PlotBar, y: &impl Fn(f64) -> f64) -> fmt::Result {
    if bar.value() == 0.0 {
        return Ok(());
    }
    write!(f, "<g><title>{}</title>", MarkupText(&bar.hint))?;
    let (left, right) = bar.span;
    let mut lower = y(0.0);
    for (class, value) in bar.parts.iter().filter(|(_, value)| *value > 0.0) {
        let height = (y(0.0) - y(*value)).max(LEAST);
        lower -= height;
        write!(
            f,
            "<rect class=\"{class}\" x=\"{left:.3}%\" y=\"{lower:.1}\" width=\"{:.3}%\" height=\"{height:.1}\"/>",
            right - left
        )?;
    }
    writeln!(f, "</g>")
}

/// Formats a value on the scale with as many digits as its step needs.
fn value_label(value: f64, step: f64) -> String {
    let thousands = |value: f64, unit: f64, name: &str| {
        let digits = usize::from(step < unit && value % unit != 0.0);
        format!("{:.digits$} {name}", value / unit)
    };
    match value {
        1e6.. => thousands(value, 1e6, "M"),
        1e4.. => thousands(value, 1e3, "k"),
        _ => {
            let digits = (-step.log10().floor()).max(0.0) as usize;
            format!("{value:.digits$}")
        }
    }
}

/// Bar that shows a share, beside the figure in a table.
pub(super) struct ShareBar {
    pub(super) class: &'static str,
    /// Part of the whole, from 0 to 1.
    pub(super) share: f64,
}

impl Display for ShareBar {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        let percent = self.share.clamp(0.0, 1.0) * 100.0;
        write!(
            f,
            "<svg class=\"share\" aria-hidden=\"true\"><rect class=\"{}\" width=\"{percent:.2}%\" height=\"100%\"/></svg>",
            self.class
        )
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn plot(values: &[f64]) -> String {
        let bar = |(n, value): (usize, &f64)| PlotBar {
            span: (n as f64, n as f64 + 1.0),
            parts: vec![("good", *value), ("bad", 0.0)],
            hint: "<b>".to_owned(),
        };
        BarPlot {
            id: "p",
            title: "Plot",
            description: "a & b".to_owned(),
            bars: values.iter().enumerate().map(bar).collect(),
            labels: Vec::new(),
            marks: Vec::new(),
        }
        .to_string()
    }

    #[test]
    fn a_bar_has_the_height_of_its_value() {
        let svg = plot(&[4.0, 1.0]);
        assert!(svg.contains("width=\"1.000%\" height=\"160.0\""), "{svg}");
        assert!(svg.contains("width=\"1.000%\" height=\"40.0\""), "{svg}");
    }

    #[test]
    fn a_part_of_nothing_is_left_out_and_a_small_one_is_seen() {
        let svg = plot(&[1e6, 1.0, 0.0]);
        assert_eq!(svg.matches("<rect").count(), 2, "{svg}");
        assert!(svg.contains("height=\"2.0\""), "{svg}");
    }

    #[test]
    fn texts_of_a_plot_are_escaped() {
        let svg = plot(&[1.0]);
        assert!(svg.contains("<title>&lt;b&gt;</title>"), "{svg}");
        assert!(svg.contains("a &amp; b"), "{svg}");
    }

    #[test]
    fn a_plot_without_values_is_empty() {
        assert!(!plot(&[]).contains("NaN"));
    }

    #[test]
    fn large_values_have_short_labels() {
        let shown = [(2_500_000.0, 500_000.0), (20_000.0, 5_000.0), (0.5, 0.25)];
        let shown = shown.map(|(value, step)| value_label(value, step));
        assert_eq!(shown, ["2.5 M", "20 k", "0.5"]);
    }
}
