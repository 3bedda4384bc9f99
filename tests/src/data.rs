//! Real data: earthquakes, which are committed, and flights, which are found beside the project.

use std::io::Read;
use std::path::PathBuf;

use serde_json::Value;

/// 1,707 earthquakes of one week, a JSON object a line (USGS, public domain).
pub const EARTHQUAKES: &str = include_str!("../fixtures/earthquakes.ndjson");

pub fn earthquakes() -> Vec<Value> {
    EARTHQUAKES.lines().map(|line| serde_json::from_str(line).expect("the sample is JSON")).collect()
}

/// One flight: the line as it stands in the file, and the fields that the tests look at.
#[derive(Clone, Debug)]
pub struct Flight {
    pub line: String,
    pub carrier: String,
    pub dep_delay: Option<i64>,
    /// Days since the epoch of the scheduled hour.
    pub day: i64,
}

/// 336,776 flights; `None`, said loudly, where the file is not there.
pub fn flights() -> Option<Vec<Flight>> {
    let default = || PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../../shared/data");
    let folder = std::env::var_os("KAFKA_DO_TEST_DATA").map_or_else(default, PathBuf::from);
    let path = folder.join("flights.ndjson.gz");
    let Ok(file) = std::fs::File::open(&path) else {
        eprintln!("SKIPPED: {} is not there; set KAFKA_DO_TEST_DATA to the folder that has it", path.display());
        return None;
    };
    let mut text = String::new();
    flate2::read::GzDecoder::new(file).read_to_string(&mut text).expect("the file is whole");
    Some(text.lines().map(flight).collect())
}

fn flight(line: &str) -> Flight {
    let value: Value = serde_json::from_str(line).expect("a flight is JSON");
    let hour = value["time_hour"].as_str().expect("a flight has an hour");
    Flight {
        line: line.to_owned(),
        carrier: value["carrier"].as_str().expect("a flight has a carrier").to_owned(),
        dep_delay: value["dep_delay"].as_i64(),
        day: days(&hour[..10]),
    }
}

/// Days since the epoch of a date (Howard Hinnant's `days_from_civil`).
fn days(date: &str) -> i64 {
    let number = |range: std::ops::Range<usize>| date[range].parse::<i64>().expect("a date is YYYY-MM-DD");
    let (year, month, day) = (number(0..4), number(5..7), number(8..10));
    let year = if month <= 2 { year - 1 } else { year };
    let era = year.div_euclid(400);
    let year_of_era = year - era * 400;
    let day_of_year = (153 * (month + if month > 2 { -3 } else { 9 }) + 2) / 5 + day - 1;
    era * 146_097 + year_of_era * 365 + year_of_era / 4 - year_of_era / 100 + day_of_year - 719_468
}

#[test]
fn days_are_days() {
    assert_eq!(days("1970-01-01"), 0);
    assert_eq!(days("2013-01-01"), 15_706);
    assert_eq!(days("2000-02-29"), 11_016);
}
