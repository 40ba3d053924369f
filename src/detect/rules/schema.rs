//! The form of a rule file: TOML for people, and a compact form that the build embeds.
//!
//! The build script includes this file too, so it knows nothing of the rest. Reading a quarter of a megabyte of TOML would cost a hook
//! more than all that it does besides; the compact form holds the same without the places that messages about a user's file need.

use std::ops::Range;

use serde::{Deserialize, Deserializer, Serialize, Serializer};

/// A value and where it stands in the text; nowhere, in the embedded form.
#[derive(Clone, Debug, Default)]
pub(crate) struct At<T> {
    value: T,
    span: Range<usize>,
}

impl<T> At<T> {
    /// The value.
    pub(crate) fn get_ref(&self) -> &T {
        &self.value
    }

    /// Its place.
    pub(crate) fn span(&self) -> Range<usize> {
        self.span.clone()
    }

    /// The value alone.
    pub(crate) fn into_inner(self) -> T {
        self.value
    }
}

impl<'de, T: Deserialize<'de>> Deserialize<'de> for At<T> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        if deserializer.is_human_readable() {
            let spanned = toml::Spanned::<T>::deserialize(deserializer)?;
            return Ok(Self { span: spanned.span(), value: spanned.into_inner() });
        }
        Ok(Self { value: T::deserialize(deserializer)?, span: 0..0 })
    }
}

impl<T: Serialize> Serialize for At<T> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        self.value.serialize(serializer)
    }
}

/// One file: a registry and its rules.
#[derive(Deserialize, Serialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct File {
    pub(crate) registry: At<Registry>,
    #[serde(default, rename = "rule")]
    pub(crate) rules: Vec<At<Entry>>,
}

#[derive(Deserialize, Serialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Registry {
    pub(crate) id: At<String>,
    pub(crate) name: Option<String>,
    #[serde(default)]
    pub(crate) endpoint: Endpoint,
    #[serde(default)]
    pub(crate) page: Page,
    #[serde(default)]
    pub(crate) companion: Companion,
    #[serde(default)]
    pub(crate) references: Vec<String>,
}

#[derive(Default, Deserialize, Serialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Endpoint {
    pub(crate) api: Option<At<String>>,
    #[serde(default)]
    pub(crate) mirror: Vec<String>,
    #[serde(default)]
    pub(crate) hosts: Vec<String>,
    pub(crate) web: Option<String>,
}

#[derive(Default, Deserialize, Serialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Page {
    pub(crate) owner: Option<String>,
    pub(crate) password: Option<String>,
}

/// Names of variables that say more of the registry's secrets in the same file.
#[derive(Default, Deserialize, Serialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Companion {
    #[serde(default)]
    pub(crate) user: Vec<At<String>>,
    #[serde(default)]
    pub(crate) organization: Vec<At<String>>,
    #[serde(default)]
    pub(crate) host: Vec<At<String>>,
}

#[derive(Deserialize, Serialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Entry {
    pub(crate) id: At<String>,
    pub(crate) summary: At<String>,
    pub(crate) help: String,
    pub(crate) pattern: Option<At<String>>,
    pub(crate) names: Option<At<Vec<At<String>>>>,
    pub(crate) parser: Option<At<String>>,
    pub(crate) bound: Option<At<bool>>,
    pub(crate) value: Option<At<String>>,
    pub(crate) proof: Option<At<String>>,
    pub(crate) glued: Option<At<bool>>,
    pub(crate) literals: Option<At<Vec<At<String>>>>,
    pub(crate) evidence: At<String>,
    pub(crate) kind: At<String>,
    pub(crate) examples: At<Vec<String>>,
    #[serde(default)]
    pub(crate) counter_examples: Vec<String>,
}
