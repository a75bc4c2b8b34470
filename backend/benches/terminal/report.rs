//! What was measured: as a table for people, and as lines of JSON.

use std::fmt::Write as _;

use serde_json::{Value, json};

use crate::terminal::Way;

/// What a bar is about.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Measure {
    /// The figure itself.
    Value,
    /// Its ratio to a direct exec's.
    Ratio,
    /// Its ratio to kubectl's.
    KubectlRatio,
    /// What it is more than a direct exec's.
    Difference,
}

/// A bar.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Bar {
    AtLeast(Measure, f64),
    AtMost(Measure, f64),
}

/// One figure, by each way that it was measured for.
#[derive(Debug)]
pub(crate) struct Row {
    figure: String,
    unit: &'static str,
    results: Vec<(Way, f64, Option<Bar>)>,
}

impl Row {
    pub(crate) fn new(figure: impl Into<String>, unit: &'static str) -> Self {
        Self {
            figure: figure.into(),
            unit,
            results: Vec::new(),
        }
    }

    /// Adds a result that no bar is about.
    #[must_use]
    pub(crate) fn with(mut self, way: Way, value: f64) -> Self {
        self.results.push((way, value, None));
        self
    }

    /// Adds a result and its bar.
    #[must_use]
    pub(crate) fn with_bar(mut self, way: Way, value: f64, bar: Bar) -> Self {
        self.results.push((way, value, Some(bar)));
        self
    }

    fn direct(&self) -> Option<f64> {
        self.value(Way::V5)
    }

    fn value(&self, of: Way) -> Option<f64> {
        let mut results = self.results.iter();
        results.find_map(|(way, value, _)| (*way == of).then_some(*value))
    }

    fn judge(&self, value: f64, bar: Bar) -> Option<Judged> {
        let (Bar::AtLeast(measure, wanted) | Bar::AtMost(measure, wanted)) = bar;
        let measured = match measure {
            Measure::Value => value,
            Measure::Ratio => value / self.direct()?,
            Measure::KubectlRatio => value / self.value(Way::Kubectl)?,
            Measure::Difference => value - self.direct()?,
        };
        // A difference may have a bar of 0: what counts is the whole.
        let of_bar = match measure {
            Measure::Difference => value / (self.direct()? + wanted),
            _ if wanted == 0.0 => measured,
            _ => measured / wanted,
        };
        let (sign, met) = match bar {
            Bar::AtLeast(..) => ('≥', measured >= wanted),
            Bar::AtMost(..) => ('≤', measured <= wanted),
        };
        Some(Judged {
            measured,
            wanted,
            of_bar,
            sign,
            met,
        })
    }

    fn cell(&self, way: Way) -> String {
        let Some((_, value, bar)) = self.results.iter().find(|(of, ..)| *of == way) else {
            return "–".to_owned();
        };
        let mut cell = number(*value);
        if let Some(judged) = bar.and_then(|bar| self.judge(*value, bar)) {
            let measured = number(judged.measured);
            if measured != cell {
                let _ = write!(cell, ": {measured}");
            }
            let _ = write!(cell, " {} {}", judged.sign, number(judged.wanted));
            cell.push_str(if judged.met { " met" } else { " MISSED" });
        }
        cell
    }

    /// One line of JSON per way.
    pub(crate) fn json(&self, cluster: &str) -> Vec<Value> {
        let line = |(way, value, bar): &(Way, f64, Option<Bar>)| {
            let mut line = json!({
                "figure": self.figure, "unit": self.unit, "cluster": cluster,
                "way": way.name(), "value": value, "direct": self.direct(),
            });
            if let Some(judged) = bar.and_then(|bar| self.judge(*value, bar)) {
                line["measured"] = json!(judged.measured);
                line["bar"] = json!(format!("{} {}", judged.sign, judged.wanted));
                line["ratio_to_bar"] = json!(judged.of_bar);
                line["met"] = json!(judged.met);
            }
            line
        };
        self.results.iter().map(line).collect()
    }
}

/// How a result stands to its bar.
#[derive(Debug)]
struct Judged {
    measured: f64,
    wanted: f64,
    of_bar: f64,
    sign: char,
    met: bool,
}

/// With as many digits as tell something.
fn number(value: f64) -> String {
    let digits = match value.abs() {
        0.0 => 0,
        size if size >= 100.0 => 0,
        size if size >= 10.0 => 1,
        _ => 2,
    };
    format!("{value:.digits$}")
}

/// All rows, in columns.
pub(crate) fn table(rows: &[Row]) -> String {
    let heads = Way::WITH_KUBECTL.map(|way| way.name().to_owned());
    let mut lines = vec![line("figure", "unit", heads)];
    lines.extend(rows.iter().map(|row| {
        let cells = Way::WITH_KUBECTL.map(|way| row.cell(way));
        line(&row.figure, row.unit, cells)
    }));
    let mut widths = vec![0; lines[0].len()];
    for line in &lines {
        for (width, cell) in widths.iter_mut().zip(line) {
            *width = (*width).max(cell.chars().count());
        }
    }
    let mut table = String::new();
    for line in &lines {
        let cells = line.iter().zip(&widths);
        let padded: Vec<String> = cells
            .map(|(cell, width)| format!("{cell:width$}"))
            .collect();
        table.push_str(padded.join("  ").trim_end());
        table.push('\n');
    }
    table
}

fn line(figure: &str, unit: &str, cells: impl IntoIterator<Item = String>) -> Vec<String> {
    let begin = [figure.to_owned(), unit.to_owned()];
    begin.into_iter().chain(cells).collect()
}

/// The value that half of all values are not above.
pub(crate) fn median(values: &[f64]) -> f64 {
    percentile(values, 0.5)
}

/// The value that this part of all values is not above; not a number if there are none.
pub(crate) fn percentile(values: &[f64], part: f64) -> f64 {
    let mut sorted = values.to_vec();
    sorted.sort_by(f64::total_cmp);
    let rank = (part * sorted.len() as f64).ceil().max(1.0) as usize;
    sorted.get(rank - 1).copied().unwrap_or(f64::NAN)
}
