//! What is gathered of many records.

use std::cmp::Ordering;

use crate::json::Number;
use crate::rows::{from_ordered, ordered};

/// What a window holds for a key. It is gathered in parts, a part a call, so two parts make a whole.
///
/// ```
/// use kafka_do_sdk::windows::Aggregate;
///
/// /// The longest text.
/// #[derive(Default)]
/// struct Longest(String);
///
/// impl Aggregate for Longest {
///     fn merge(&mut self, other: Self) {
///         if other.0.len() > self.0.len() {
///             *self = other;
///         }
///     }
///
///     fn encode(&self) -> Vec<u8> {
///         self.0.clone().into_bytes()
///     }
///
///     fn decode(bytes: &[u8]) -> Option<Self> {
///         String::from_utf8(bytes.to_vec()).ok().map(Self)
///     }
/// }
/// ```
///
/// [`Count`], [`Sum`], [`Min`], [`Max`] and [`Average`] are the usual ones; a type of one's own implements this trait, as
/// Kafka Streams' initializer (`Default`), aggregator (what is done in `add`) and session merger (`merge`) in one. Where
/// `merge` gives the same whatever the parts were, batches and restarts do not show in the result.
pub trait Aggregate: Default {
    /// Adds what another, later part gathered.
    fn merge(&mut self, other: Self);
    /// The stored form.
    fn encode(&self) -> Vec<u8>;
    /// Reads the stored form; `None` where these bytes are none.
    fn decode(bytes: &[u8]) -> Option<Self>;
}

/// A count, or a sum of what is never negative.
impl Aggregate for u64 {
    fn merge(&mut self, other: Self) {
        *self = self.saturating_add(other);
    }

    fn encode(&self) -> Vec<u8> {
        self.to_be_bytes().to_vec()
    }

    fn decode(bytes: &[u8]) -> Option<Self> {
        bytes.try_into().ok().map(Self::from_be_bytes)
    }
}

/// How many records. It is stored as a `u64` is.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, PartialOrd, Ord)]
pub struct Count(pub u64);

impl Count {
    /// Counts one more.
    pub fn add(&mut self) {
        self.0 = self.0.saturating_add(1);
    }
}

impl Aggregate for Count {
    fn merge(&mut self, other: Self) {
        self.0.merge(other.0);
    }

    fn encode(&self) -> Vec<u8> {
        self.0.encode()
    }

    fn decode(bytes: &[u8]) -> Option<Self> {
        u64::decode(bytes).map(Self)
    }
}

/// The sum of numbers, exact until it is asked for: so it is the same whatever the order of the records and whatever the parts.
///
/// Integers add up as integers. Floats are kept as a few that do not overlap and together are the sum (Shewchuk, *Adaptive
/// Precision Floating-Point Arithmetic*, 1997, as in Python's `fsum`). A sum of floats that passes the range of a float is
/// infinite and stays so; JSON writes it as null.
#[derive(Debug, Clone, Default)]
pub struct Sum {
    integers: i128,
    /// In the order of their size, none of them 0.
    floats: Vec<f64>,
}

impl Sum {
    /// Adds a number; a float that is not finite is none, and is left out.
    pub fn add(&mut self, number: Number) {
        match number {
            Number::Integer(integer) => self.integers = self.integers.saturating_add(integer.into()),
            Number::Float(float) if float.is_finite() => self.add_float(float),
            Number::Float(_) => {}
        }
    }

    /// An integer where the sum is one and fits, else the nearest float; 0 where nothing was added.
    pub fn value(&self) -> Number {
        match i64::try_from(self.integers) {
            Ok(integer) if self.floats.is_empty() => Number::Integer(integer),
            _ => Number::from(self.nearest_float()),
        }
    }

    fn add_float(&mut self, mut float: f64) {
        if self.floats.first().is_some_and(|first| first.is_infinite()) {
            return;
        }
        let mut kept = 0;
        for place in 0..self.floats.len() {
            let (large, small) = by_size(float, self.floats[place]);
            let sum = large + small;
            let lost = small - (sum - large);
            if lost != 0.0 && sum.is_finite() {
                self.floats[kept] = lost;
                kept += 1;
            }
            float = sum;
        }
        self.floats.truncate(if float.is_finite() { kept } else { 0 });
        if float != 0.0 {
            self.floats.push(float);
        }
    }

    #[expect(clippy::cast_precision_loss, reason = "a part of 48 bits is a float exactly")]
    #[expect(clippy::float_cmp, reason = "whether the last bit rounds up is a question about that bit")]
    fn nearest_float(&self) -> f64 {
        const PART_BITS: u32 = 48;
        let mut sum = Self { integers: 0, floats: self.floats.clone() };
        for shift in [0, PART_BITS, 2 * PART_BITS] {
            let rest = self.integers >> shift;
            let part = if shift == 2 * PART_BITS { rest } else { rest & ((1 << PART_BITS) - 1) };
            sum.add_float(part as f64 * (1_u128 << shift) as f64);
        }
        let mut floats = sum.floats.into_iter().rev();
        let Some(mut nearest) = floats.next() else { return 0.0 };
        let mut lost = 0.0;
        for float in floats.by_ref() {
            let sum = nearest + float;
            lost = float - (sum - nearest);
            nearest = sum;
            if lost != 0.0 {
                break;
            }
        }
        // Half way between two floats the even one was taken; what follows may say that it is the other one.
        let doubled = lost * 2.0;
        if floats.next().is_some_and(|next| next * lost > 0.0) && (nearest + doubled) - nearest == doubled {
            nearest += doubled;
        }
        nearest
    }
}

fn by_size(a: f64, b: f64) -> (f64, f64) {
    if a.abs() < b.abs() { (b, a) } else { (a, b) }
}

impl Aggregate for Sum {
    fn merge(&mut self, other: Self) {
        self.integers = self.integers.saturating_add(other.integers);
        other.floats.into_iter().for_each(|float| self.add_float(float));
    }

    fn encode(&self) -> Vec<u8> {
        let mut bytes = self.integers.to_be_bytes().to_vec();
        bytes.extend(self.floats.iter().flat_map(|float| float.to_be_bytes()));
        bytes
    }

    fn decode(bytes: &[u8]) -> Option<Self> {
        let (integers, rest) = bytes.split_first_chunk()?;
        let (floats, []) = rest.as_chunks() else { return None };
        let floats: Vec<f64> = floats.iter().map(|float| f64::from_be_bytes(*float)).collect();
        let is_sum = floats.iter().all(|float| float.is_finite() || floats.len() == 1 && float.is_infinite());
        is_sum.then(|| Self { integers: i128::from_be_bytes(*integers), floats })
    }
}

/// The least number, `None` where there is none yet.
#[derive(Debug, Clone, Copy, Default, PartialEq)]
pub struct Min(pub Option<Number>);

impl Min {
    /// Takes a number in; a float that is not finite is none, and is left out.
    pub fn add(&mut self, number: Number) {
        if is_finite(number) && self.0.is_none_or(|least| order(number, least).is_lt()) {
            self.0 = Some(number);
        }
    }
}

/// The greatest number, `None` where there is none yet.
#[derive(Debug, Clone, Copy, Default, PartialEq)]
pub struct Max(pub Option<Number>);

impl Max {
    /// Takes a number in; a float that is not finite is none, and is left out.
    pub fn add(&mut self, number: Number) {
        if is_finite(number) && self.0.is_none_or(|greatest| order(number, greatest).is_gt()) {
            self.0 = Some(number);
        }
    }
}

fn is_finite(number: Number) -> bool {
    match number {
        Number::Integer(_) => true,
        Number::Float(float) => float.is_finite(),
    }
}

/// The order of finite numbers by what they are exactly; an integer comes before a float that is the same. So the least of
/// them does not depend on which came first, where `Number` compares an integer with a float as floats.
fn order(a: Number, b: Number) -> Ordering {
    match (a, b) {
        (Number::Integer(a), Number::Integer(b)) => a.cmp(&b),
        (Number::Float(a), Number::Float(b)) => a.partial_cmp(&b).unwrap_or(Ordering::Equal),
        (Number::Integer(a), Number::Float(b)) => order_mixed(a, b),
        (Number::Float(a), Number::Integer(b)) => order_mixed(b, a).reverse(),
    }
}

#[expect(
    clippy::cast_possible_truncation,
    reason = "the float is in the range of i128 where the integer does not decide"
)]
fn order_mixed(integer: i64, float: f64) -> Ordering {
    // A cast to i128 stops at its ends, which are beyond every i64; the fraction decides between the same whole numbers.
    i128::from(integer)
        .cmp(&(float.trunc() as i128))
        .then_with(|| 0.0.partial_cmp(&float.fract()).unwrap_or(Ordering::Equal))
        .then(Ordering::Less)
}

const INTEGER: u8 = 0;
const FLOAT: u8 = 1;

/// Nothing, or a kind and eight bytes.
fn encode_number(number: Option<Number>) -> Vec<u8> {
    match number {
        None => Vec::new(),
        Some(Number::Integer(integer)) => [[INTEGER].as_slice(), &ordered(integer)].concat(),
        Some(Number::Float(float)) => [[FLOAT].as_slice(), &float.to_be_bytes()].concat(),
    }
}

#[expect(clippy::option_option, reason = "bytes that are none, and the number that is not there yet, are two things")]
fn decode_number(bytes: &[u8]) -> Option<Option<Number>> {
    let Some((kind, rest)) = bytes.split_first() else { return Some(None) };
    let eight: [u8; 8] = rest.try_into().ok()?;
    let number = match *kind {
        INTEGER => Number::Integer(from_ordered(eight)),
        FLOAT => Number::Float(f64::from_be_bytes(eight)),
        _ => return None,
    };
    is_finite(number).then_some(Some(number))
}

impl Aggregate for Min {
    fn merge(&mut self, other: Self) {
        other.0.into_iter().for_each(|number| self.add(number));
    }

    fn encode(&self) -> Vec<u8> {
        encode_number(self.0)
    }

    fn decode(bytes: &[u8]) -> Option<Self> {
        decode_number(bytes).map(Self)
    }
}

impl Aggregate for Max {
    fn merge(&mut self, other: Self) {
        other.0.into_iter().for_each(|number| self.add(number));
    }

    fn encode(&self) -> Vec<u8> {
        encode_number(self.0)
    }

    fn decode(bytes: &[u8]) -> Option<Self> {
        decode_number(bytes).map(Self)
    }
}

/// The arithmetic mean: a [`Sum`] and a [`Count`].
#[derive(Debug, Clone, Default)]
pub struct Average {
    pub sum: Sum,
    pub count: Count,
}

impl Average {
    /// Takes a number in; a float that is not finite is none, and is left out.
    pub fn add(&mut self, number: Number) {
        if is_finite(number) {
            self.sum.add(number);
            self.count.add();
        }
    }

    /// `None` where there is nothing to average.
    #[expect(clippy::cast_precision_loss, reason = "nobody counts 2^53 records, and the mean would hardly move")]
    pub fn value(&self) -> Option<f64> {
        (self.count.0 > 0).then(|| self.sum.value().as_f64() / self.count.0 as f64)
    }
}

impl Aggregate for Average {
    fn merge(&mut self, other: Self) {
        self.sum.merge(other.sum);
        self.count.merge(other.count);
    }

    fn encode(&self) -> Vec<u8> {
        [self.sum.encode(), self.count.encode()].concat()
    }

    fn decode(bytes: &[u8]) -> Option<Self> {
        let (sum, count) = bytes.split_at_checked(bytes.len().checked_sub(size_of::<u64>())?)?;
        Some(Self { sum: Sum::decode(sum)?, count: Count::decode(count)? })
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn number() -> impl Strategy<Value = Number> {
        use proptest::num::f64::{NEGATIVE, NORMAL, POSITIVE, SUBNORMAL, ZERO};
        let float = POSITIVE | NEGATIVE | NORMAL | SUBNORMAL | ZERO;
        // Half of them near to one another, so that they round, tie and cancel out.
        prop_oneof![
            any::<i64>().prop_map(Number::Integer),
            (i64::MAX - 3..=i64::MAX).prop_map(Number::Integer),
            (-1e3..1e3_f64).prop_map(Number::from),
            (-4..4_i32, -60..70_i32)
                .prop_map(|(digit, exponent)| Number::from(f64::from(digit) * 2_f64.powi(exponent))),
            float.prop_filter("far from overflow", |float| float.abs() < 1e300).prop_map(Number::from),
        ]
    }

    #[expect(clippy::cast_precision_loss, reason = "the nearest float is what is asked for")]
    fn nearest(integer: i128) -> f64 {
        integer as f64
    }

    /// Gathers in parts, with a trip through the stored form after each.
    fn gather<A: Aggregate>(parts: &[Vec<Number>], add: impl Fn(&mut A, Number)) -> A {
        parts.iter().fold(A::default(), |whole, numbers| {
            let mut part = A::default();
            for number in numbers {
                add(&mut part, *number);
            }
            let mut whole = A::decode(&whole.encode()).expect("it was just written");
            whole.merge(part);
            whole
        })
    }

    proptest! {
        #[test]
        fn parts_make_the_whole(parts in prop::collection::vec(prop::collection::vec(number(), 0..6), 0..6)) {
            let all: Vec<Number> = parts.iter().flatten().copied().collect();
            let least = all.iter().copied().min_by(|a, b| order(*a, *b));
            let greatest = all.iter().copied().max_by(|a, b| order(*a, *b));
            prop_assert_eq!(gather::<Count>(&parts, |count, _| count.add()), Count(all.len() as u64));
            prop_assert_eq!(gather::<Min>(&parts, Min::add).0, least);
            prop_assert_eq!(gather::<Max>(&parts, Max::add).0, greatest);

            let average = gather::<Average>(&parts, Average::add);
            prop_assert_eq!(average.value().is_none(), all.is_empty());
            prop_assert_eq!(average.count, Count(all.len() as u64));
        }

        #[test]
        fn neither_parts_nor_order_change_a_sum(
            parts in prop::collection::vec(prop::collection::vec(number(), 0..6), 0..6),
            order in any::<prop::sample::Index>(),
        ) {
            let mut all: Vec<Number> = parts.iter().flatten().copied().collect();
            if !all.is_empty() {
                let place = order.index(all.len());
                all.rotate_left(place);
                all.reverse();
            }
            let (in_parts, at_once) = (gather::<Sum>(&parts, Sum::add).value(), gather::<Sum>(&[all], Sum::add).value());
            prop_assert_eq!(in_parts.to_string(), at_once.to_string());
        }

        #[test]
        fn a_sum_is_the_float_nearest_to_the_exact_one(
            integers in prop::collection::vec(any::<i64>(), 0..8),
            eighths in prop::collection::vec(-(1_i64 << 53)..1 << 53, 0..8),
        ) {
            let mut sum = Sum::default();
            let mut exact_eighths = 0_i128;
            for integer in integers {
                sum.add(Number::Integer(integer));
                exact_eighths += 8 * i128::from(integer);
            }
            for eighth in eighths {
                sum.add(Number::Float(nearest(eighth.into()) / 8.0));
                exact_eighths += i128::from(eighth);
            }
            prop_assert_eq!(sum.value().as_f64().to_bits(), (nearest(exact_eighths) / 8.0).to_bits());
        }

        #[test]
        fn integers_add_up_exactly(integers in prop::collection::vec(any::<i64>(), 0..20)) {
            let mut sum = Sum::default();
            for integer in &integers {
                sum.add(Number::Integer(*integer));
            }
            let exact: i128 = integers.iter().map(|integer| i128::from(*integer)).sum();
            if let Ok(exact) = i64::try_from(exact) {
                prop_assert_eq!(sum.value().to_string(), exact.to_string());
            }
        }
    }

    #[test]
    fn small_floats_are_not_lost_beside_large_ones() {
        let mut sum = Sum::default();
        for float in [1e100, 0.5, -1e100] {
            sum.add(Number::Float(float));
        }
        assert_eq!(sum.value().to_string(), "0.5");
    }

    #[test]
    fn a_sum_beyond_the_range_of_floats_is_infinite() {
        let mut sum = Sum::default();
        for float in [f64::MAX, 0.5, f64::MAX, -f64::MAX] {
            sum.add(Number::Float(float));
            sum = Sum::decode(&sum.encode()).expect("it was just written");
        }
        assert!(sum.value().as_f64().is_infinite());
    }

    #[test]
    fn what_is_not_finite_is_left_out() {
        let (mut min, mut max, mut average) = (Min::default(), Max::default(), Average::default());
        for number in [f64::NAN, f64::INFINITY, 1.5, f64::NEG_INFINITY].map(Number::Float) {
            min.add(number);
            max.add(number);
            average.add(number);
        }
        assert_eq!((min.0, max.0, average.value()), (Some(1.5.into()), Some(1.5.into()), Some(1.5)));
    }

    #[test]
    fn integers_and_floats_are_ordered_by_what_they_are() {
        // As floats all three are 2^53.
        let numbers = [Number::Integer((1 << 53) + 1), Number::Float(2_f64.powi(53)), Number::Integer(1 << 53)];
        let (mut min, mut max) = (Min::default(), Max::default());
        for number in numbers {
            min.add(number);
            max.add(number);
        }
        assert_eq!(min.0.map(|number| number.to_string()).as_deref(), Some("9007199254740992"));
        assert_eq!(max.0.map(|number| number.to_string()).as_deref(), Some("9007199254740993"));
        assert!(
            order(Number::Integer(-1), Number::Float(-1.5)).is_gt() && order(1.5.into(), Number::Integer(1)).is_gt()
        );
        assert!(order(Number::Integer(i64::MIN), Number::Float(-1e300)).is_gt());
    }

    #[test]
    fn other_bytes_are_no_aggregate() {
        assert!(
            Count::decode(&[1]).is_none()
                && Sum::decode(&[0; 31]).is_none()
                && Sum::decode(&[0xff; 24]).is_none()
                && Average::decode(&[0; 7]).is_none()
        );
        assert!(Min::decode(&[2; 9]).is_none() && Max::decode(&[0; 8]).is_none());
    }
}
