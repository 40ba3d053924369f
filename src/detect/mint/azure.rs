//! Mints keys of Microsoft's services: NuGet, Azure DevOps, Azure Container Registry.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;

use super::{BASE62, Mint};
use crate::detect::proof::{annotated, base32, bits, marvin, nuget};

impl Mint {
    /// A NuGet API key of the fourth version.
    pub fn nuget_key(&mut self) -> String {
        let random: Vec<u8> = self.bytes(10).into_iter().map(|byte| byte.max(1)).collect();
        let guid = self.bytes(16);
        bits::to_base32(&[nuget::HEADER, &random].concat()) + &bits::to_base32(&guid)
    }

    /// One of the right shape in which bits are set that belong to no byte.
    pub fn nuget_key_bad(&mut self) -> String {
        let mut key = self.nuget_key();
        key.pop();
        key.push('7');
        key
    }

    /// A NuGet API key of the fifth version: for an hour of June 2025, of account 1337.
    pub fn nuget_short_key(&mut self) -> String {
        annotated::complete(&format!("{}JQQJ99BFN5P0000LZENeS00CNUGT", self.text(BASE62, 52)))
    }

    /// One whose checksum does not hold.
    pub fn nuget_short_key_bad(&mut self) -> String {
        spoilt(self.nuget_short_key())
    }

    /// A personal access token of Azure DevOps, of June 2025.
    pub fn azure_devops_token(&mut self) -> String {
        let (random, platform) = (self.text(BASE62, 52), self.text(BASE62, 9));
        annotated::complete(&format!("{random}JQQJ99BFAC{platform}1AAASAZDO"))
    }

    /// One whose checksum does not hold.
    pub fn azure_devops_token_bad(&mut self) -> String {
        spoilt(self.azure_devops_token())
    }

    /// A personal access token of Azure DevOps of the form used until 2024.
    pub fn azure_devops_old_token(&mut self) -> String {
        let random: [u8; 32] = std::array::from_fn(|_| self.next() as u8);
        bits::to_base32(&base32::complete(random))
    }

    /// One whose checksum does not hold.
    pub fn azure_devops_old_token_bad(&mut self) -> String {
        let random = self.bytes(32);
        bits::to_base32(&random)
    }

    /// A password of Azure Container Registry.
    pub fn acr_password(&mut self) -> String {
        let (random, mark) = (self.text(BASE62, 42), "+ACRA");
        // The mark and two more characters end in the middle of what is hashed: 47 characters are 35 bytes and two bits of check.
        let bytes = STANDARD.decode(format!("{random}{mark}A")).unwrap_or_default();
        marvin::complete_container_registry(bytes.get(..35).unwrap_or_default())
    }

    /// One whose checksum does not hold.
    pub fn acr_password_bad(&mut self) -> String {
        spoilt(self.acr_password())
    }

    /// The secret with this placeholder name, where Microsoft issues it.
    pub(super) fn azure(&mut self, name: &str) -> Option<String> {
        Some(match name {
            "nuget_key" => self.nuget_key(),
            "nuget_key_bad" => self.nuget_key_bad(),
            "nuget_short_key" => self.nuget_short_key(),
            "nuget_short_key_bad" => self.nuget_short_key_bad(),
            "azure_devops_token" => self.azure_devops_token(),
            "azure_devops_token_bad" => self.azure_devops_token_bad(),
            "azure_devops_old_token" => self.azure_devops_old_token(),
            "azure_devops_old_token_bad" => self.azure_devops_old_token_bad(),
            "acr_password" => self.acr_password(),
            "acr_password_bad" => self.acr_password_bad(),
            _ => return None,
        })
    }
}

/// The same with another last character.
pub(super) fn spoilt(mut token: String) -> String {
    let last = token.pop();
    token.push(if last == Some('0') { '1' } else { '0' });
    token
}
