//! One function call as it came over the wire: a name and the parameters vMix documents.
//!
//! It only reads; which parameter a function needs is the business of the module that applies it.

use super::state::{Input, Mixer};

/// A call that vMix would answer with 500.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Refused(pub String);

/// Whether a module knew the function.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Handled {
    Yes,
    No,
}

/// On, off, or the other of the two.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Switch {
    On,
    Off,
    Toggle,
}

impl Switch {
    /// Reads `BaseOn`, `BaseOff`, `Base` (which toggles).
    pub fn read(function: &str, base: &str) -> Option<Self> {
        match function.strip_prefix(base)? {
            "" => Some(Switch::Toggle),
            "On" => Some(Switch::On),
            "Off" => Some(Switch::Off),
            _ => None,
        }
    }

    /// Reads `StartBase`, `StopBase`, `StartStopBase`.
    pub fn read_start(function: &str, base: &str) -> Option<Self> {
        match function.strip_suffix(base)? {
            "StartStop" => Some(Switch::Toggle),
            "Start" => Some(Switch::On),
            "Stop" => Some(Switch::Off),
            _ => None,
        }
    }

    /// Sets the flag.
    pub fn apply(self, flag: &mut bool) {
        *flag = match self {
            Switch::On => true,
            Switch::Off => false,
            Switch::Toggle => !*flag,
        };
    }

    /// The opposite: `AudioOn` is `muted` off.
    #[must_use]
    pub fn inverse(self) -> Self {
        match self {
            Switch::On => Switch::Off,
            Switch::Off => Switch::On,
            Switch::Toggle => Switch::Toggle,
        }
    }
}

/// A function with its parameters; a doubled parameter's last value counts.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Call {
    pub function: String,
    pub input: Option<String>,
    pub value: Option<String>,
    pub duration_ms: Option<String>,
    pub mix: Option<String>,
    pub selected_name: Option<String>,
    pub selected_index: Option<String>,
}

impl Call {
    /// Reads a query (`Function=Cut&Input=1`); unknown parameters are ignored, as vMix does.
    pub fn parse(query: &str) -> Self {
        let mut call = Self::default();
        for (key, value) in url::form_urlencoded::parse(query.as_bytes()) {
            let value = value.into_owned();
            match key.as_ref() {
                "Function" => call.function = value,
                "Input" => call.input = Some(value),
                "Value" => call.value = Some(value),
                "Duration" => call.duration_ms = Some(value),
                "Mix" => call.mix = Some(value),
                "SelectedName" => call.selected_name = Some(value),
                "SelectedIndex" => call.selected_index = Some(value),
                _ => {}
            }
        }
        call
    }

    /// `Value`, or empty.
    pub fn value(&self) -> &str {
        self.value.as_deref().unwrap_or_default()
    }

    /// The input meant: the one named, or the one in preview.
    pub fn input<'a>(&self, mixer: &'a mut Mixer) -> Result<&'a mut Input, Refused> {
        let name = self.input.clone().unwrap_or_else(|| "0".into());
        mixer.find_mut(&name).ok_or_else(|| Refused(format!("input {name} not found")))
    }

    /// The key of the input meant.
    pub fn input_key(&self, mixer: &mut Mixer) -> Result<String, Refused> {
        self.input(mixer).map(|input| input.key.clone())
    }

    /// `Value` as a number: absolute, or relative to `now` when written `+=5` or `-=5`.
    pub fn number(&self, now: f64) -> Result<f64, Refused> {
        let text = self.value().trim();
        let relative = text.strip_prefix("+=").map(|by| (by, 1.0));
        let relative = relative.or_else(|| text.strip_prefix("-=").map(|by| (by, -1.0)));
        let parsed = match relative {
            Some((by, sign)) => by.parse::<f64>().map(|by| now + sign * by),
            None => text.parse::<f64>(),
        };
        let number = parsed.ok().filter(|number| number.is_finite());
        number.ok_or_else(|| Refused(format!("value {text:?} is not a number")))
    }

    /// `Value` as a number within bounds.
    pub fn number_in(&self, now: f64, low: f64, high: f64) -> Result<f64, Refused> {
        self.number(now).map(|number| number.clamp(low, high))
    }
}

/// The digit that ends a name such as `OverlayInput3`, as an index from 0.
pub fn index_after(function: &str, base: &str) -> Option<usize> {
    function.strip_prefix(base)?.parse::<usize>().ok()?.checked_sub(1)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_query_is_read_with_its_escapes() {
        let call = Call::parse("Function=SetText&Input=lower%20third.gtzip&Value=A%26B&Else=1");
        assert_eq!(call.function, "SetText");
        assert_eq!(call.input.as_deref(), Some("lower third.gtzip"));
        assert_eq!(call.value(), "A&B");
    }

    #[test]
    fn numbers_may_be_relative_and_must_be_numbers() {
        let call = |value: &str| Call { value: Some(value.into()), ..Call::default() };
        assert_eq!(call("+=5").number(10.0), Ok(15.0));
        assert_eq!(call("-=5").number(10.0), Ok(5.0));
        assert_eq!(call("250").number_in(0.0, 0.0, 100.0), Ok(100.0));
        assert!(call("loud").number(0.0).is_err());
        assert!(call("inf").number(0.0).is_err());
        assert!(Call::default().number(0.0).is_err());
    }
}
