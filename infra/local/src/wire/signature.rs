//! AWS Signature Version 4, verified: in the header `Authorization` or, for addresses signed in advance, in the query.
//!
//! The request is signed again with `aws-sigv4`, the signer of AWS's own SDK, from the headers that its signature names;
//! both signatures must be equal. Specification: IAM User Guide, "Create a signed AWS API request".

use std::borrow::Cow;
use std::time::{Duration, SystemTime};

use aws_credential_types::Credentials;
use aws_sigv4::http_request::{SignableBody, SignableRequest, SignatureLocation, SigningParams, SigningSettings, sign};
use aws_sigv4::sign::v4;
use aws_smithy_runtime_api::client::identity::Identity;
use chrono::{DateTime, NaiveDateTime, TimeDelta, Utc};
use hyper::header::{AUTHORIZATION, HOST};
use hyper::http::request::Parts;
use percent_encoding::percent_decode_str;

use crate::base::keys::same;
use crate::base::sha256;

const ALGORITHM: &str = "AWS4-HMAC-SHA256";
const UNSIGNED: &str = "UNSIGNED-PAYLOAD";
const DATE_FORMAT: &str = "%Y%m%dT%H%M%SZ";
/// How far a signature's time may be from now, as on AWS.
const TOLERANCE: TimeDelta = TimeDelta::minutes(5);
/// Longest life of an address signed in advance, as on AWS.
const LONGEST_LIFE_S: u64 = 604_800;

/// Why a request is not let in, in AWS's words where there are some. None of them repeats what was sent.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub(crate) enum SignatureError {
    #[error("Missing Authentication Token")]
    Missing,
    #[error("the signature is incomplete: it needs Credential, SignedHeaders with host, Signature, and the time")]
    Incomplete,
    #[error("The security token included in the request is invalid.")]
    UnknownKey,
    #[error("Signature expired, or its time is more than 5 minutes from now")]
    Expired,
    #[error(
        "The request signature we calculated does not match the signature you provided. Check your AWS Secret Access \
         Key and signing method. `coldwatch local env` prints the right keys."
    )]
    Different,
}

impl SignatureError {
    /// Name of the error's shape.
    pub(crate) fn code(self) -> &'static str {
        match self {
            SignatureError::Missing => "MissingAuthenticationTokenException",
            SignatureError::Incomplete => "IncompleteSignatureException",
            SignatureError::UnknownKey => "UnrecognizedClientException",
            SignatureError::Expired | SignatureError::Different => "InvalidSignatureException",
        }
    }
}

/// What a request says of its signature.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Signed {
    pub key_id: String,
    region: String,
    service: String,
    headers: Vec<String>,
    signature: String,
    time: DateTime<Utc>,
    /// Seconds that an address signed in advance is valid; absent for a signature in a header.
    life_s: Option<u64>,
}

impl Signed {
    /// Reads the signature, without checking it.
    pub(crate) fn of(parts: &Parts) -> Result<Signed, SignatureError> {
        match parts.headers.get(AUTHORIZATION) {
            Some(header) => {
                let text = header.to_str().map_err(|_| SignatureError::Incomplete)?;
                Signed::in_header(text, parts).ok_or(SignatureError::Incomplete)
            }
            None if parts.uri.query().is_some_and(|query| query.contains("X-Amz-Signature=")) => {
                Signed::in_query(parts.uri.query().unwrap_or_default()).ok_or(SignatureError::Incomplete)
            }
            None => Err(SignatureError::Missing),
        }
    }

    fn in_header(text: &str, parts: &Parts) -> Option<Signed> {
        let fields = text.strip_prefix(ALGORITHM)?;
        let field = |name: &str| {
            let mut pairs = fields.split(',').filter_map(|field| field.trim().split_once('='));
            pairs.find(|(key, _)| *key == name).map(|(_, value)| value)
        };
        let date = parts.headers.get("x-amz-date")?.to_str().ok()?;
        let signed = Signed::new(field("Credential")?, field("SignedHeaders")?, field("Signature")?, date, None)?;
        // The time is part of what is signed only if the header is.
        signed.headers.iter().any(|name| name == "x-amz-date").then_some(signed)
    }

    fn in_query(query: &str) -> Option<Signed> {
        let value = |name: &str| {
            let mut pairs = query.split('&').filter_map(|pair| pair.split_once('='));
            let (_, value) = pairs.find(|(key, _)| *key == name)?;
            percent_decode_str(value).decode_utf8().ok().map(Cow::into_owned)
        };
        if value("X-Amz-Algorithm")? != ALGORITHM {
            return None;
        }
        let life_s = value("X-Amz-Expires")?.parse().ok().filter(|life| (1..=LONGEST_LIFE_S).contains(life))?;
        let (credential, headers) = (value("X-Amz-Credential")?, value("X-Amz-SignedHeaders")?);
        Signed::new(&credential, &headers, &value("X-Amz-Signature")?, &value("X-Amz-Date")?, Some(life_s))
    }

    fn new(credential: &str, headers: &str, signature: &str, date: &str, life_s: Option<u64>) -> Option<Signed> {
        let [key_id, day, region, service, "aws4_request"] = credential.split('/').collect::<Vec<_>>()[..] else {
            return None;
        };
        let time = NaiveDateTime::parse_from_str(date, DATE_FORMAT).ok()?.and_utc();
        let headers: Vec<String> = headers.split(';').map(str::to_owned).collect();
        let whole = date.starts_with(day) && headers.iter().any(|name| name == "host");
        whole.then(|| Signed {
            key_id: key_id.to_owned(),
            region: region.to_owned(),
            service: service.to_owned(),
            headers,
            signature: signature.to_owned(),
            time,
            life_s,
        })
    }

    /// Whether the request was signed with one of `secrets`, for this body, and not too long ago.
    pub(crate) fn verify(
        &self,
        parts: &Parts,
        body: &[u8],
        secrets: &[String],
        now: DateTime<Utc>,
    ) -> Result<(), SignatureError> {
        let life = self.life_s.map_or(TOLERANCE, |life| TimeDelta::seconds(i64::try_from(life).unwrap_or(0)));
        if self.time > now + TOLERANCE || self.time + life < now {
            return Err(SignatureError::Expired);
        }
        let payload = self.payload(parts, body).ok_or(SignatureError::Different)?;
        for secret in secrets {
            let expected = self.expected(parts, &payload, secret).ok_or(SignatureError::Incomplete)?;
            if same(&expected, &self.signature) {
                return Ok(());
            }
        }
        if secrets.is_empty() { Err(SignatureError::UnknownKey) } else { Err(SignatureError::Different) }
    }

    /// The digest of the body that was signed. None if it is of another body.
    fn payload(&self, parts: &Parts, body: &[u8]) -> Option<String> {
        let named = "x-amz-content-sha256";
        let announced = parts.headers.get(named).filter(|_| self.headers.iter().any(|name| name == named));
        match announced.map(|digest| digest.to_str().ok()) {
            Some(Some(UNSIGNED)) => Some(UNSIGNED.to_owned()),
            Some(announced) => {
                let digest = sha256::hex(body);
                announced.filter(|announced| same(announced, &digest)).map(|_| digest.clone())
            }
            None => Some(sha256::hex(body)),
        }
    }

    /// The signature that the holder of `secret` would have made.
    fn expected(&self, parts: &Parts, payload: &str, secret: &str) -> Option<String> {
        let mut headers = Vec::with_capacity(self.headers.len());
        for name in &self.headers {
            for value in parts.headers.get_all(name.as_str()) {
                headers.push((name.as_str(), value.to_str().ok()?));
            }
        }
        let mut settings = SigningSettings::default();
        settings.excluded_headers = None;
        if let Some(life) = self.life_s {
            settings.signature_location = SignatureLocation::QueryParams;
            settings.expires_in = Some(Duration::from_secs(life));
        }
        let identity: Identity = Credentials::new(&self.key_id, secret, None, None, "local").into();
        let params = v4::SigningParams::builder()
            .identity(&identity)
            .region(&self.region)
            .name(&self.service)
            .time(SystemTime::from(self.time))
            .settings(settings)
            .build()
            .ok()?;
        let host = parts.headers.get(HOST)?.to_str().ok()?;
        let uri = format!("http://{host}{}", self.target(parts));
        let body = SignableBody::Precomputed(payload.to_owned());
        let request = SignableRequest::new(parts.method.as_str(), uri, headers.into_iter(), body).ok()?;
        Some(sign(request, &SigningParams::V4(params)).ok()?.signature().to_owned())
    }

    /// Path and query, without what signing adds to the query of an address.
    fn target<'a>(&self, parts: &'a Parts) -> Cow<'a, str> {
        const ADDED: [&str; 6] = ["Algorithm", "Credential", "Date", "Expires", "SignedHeaders", "Signature"];
        let whole = parts.uri.path_and_query().map_or("/", |target| target.as_str());
        let (Some(_), Some((path, query))) = (self.life_s, whole.split_once('?')) else { return Cow::Borrowed(whole) };
        let added = |pair: &&str| {
            let name = pair.split('=').next().unwrap_or_default();
            !name.strip_prefix("X-Amz-").is_some_and(|rest| ADDED.contains(&rest))
        };
        Cow::Owned(format!("{path}?{}", query.split('&').filter(added).collect::<Vec<_>>().join("&")))
    }
}

#[cfg(test)]
mod tests {
    use hyper::Request;

    use super::*;

    const SECRET: &str = "wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY";

    /// The example of the IAM User Guide, "Elements of an AWS API request signature".
    fn example() -> Parts {
        let credential = "AKIDEXAMPLE/20150830/us-east-1/iam/aws4_request";
        let signature = "5d672d79c15b13162d9279b0855cfba6789a8edb4c82c400e06b5924a6f2b5d7";
        let authorization = format!(
            "{ALGORITHM} Credential={credential}, SignedHeaders=content-type;host;x-amz-date, Signature={signature}"
        );
        let request = Request::get("/?Action=ListUsers&Version=2010-05-08")
            .header("host", "iam.amazonaws.com")
            .header("content-type", "application/x-www-form-urlencoded; charset=utf-8")
            .header("x-amz-date", "20150830T123600Z")
            .header("authorization", authorization);
        request.body(()).unwrap().into_parts().0
    }

    fn verified(parts: &Parts, body: &[u8], secret: &str, seconds: i64) -> Result<(), SignatureError> {
        let signed = Signed::of(parts)?;
        let now = signed.time + TimeDelta::seconds(seconds);
        signed.verify(parts, body, &[secret.to_owned()], now)
    }

    #[test]
    fn awss_own_example_is_verified() {
        assert_eq!(verified(&example(), b"", SECRET, 0), Ok(()));
        assert_eq!(Signed::of(&example()).unwrap().key_id, "AKIDEXAMPLE");
    }

    #[test]
    fn nothing_that_was_signed_can_be_changed() {
        assert_eq!(verified(&example(), b"{}", SECRET, 0), Err(SignatureError::Different));
        assert_eq!(verified(&example(), b"", "another secret", 0), Err(SignatureError::Different));
        let mut other = example();
        other.uri = "/?Action=DeleteUser&Version=2010-05-08".parse().unwrap();
        assert_eq!(verified(&other, b"", SECRET, 0), Err(SignatureError::Different));
        let mut other = example();
        other.headers.insert("host", "evil.example".parse().unwrap());
        assert_eq!(verified(&other, b"", SECRET, 0), Err(SignatureError::Different));
        let mut other = example();
        other.method = hyper::Method::POST;
        assert_eq!(verified(&other, b"", SECRET, 0), Err(SignatureError::Different));
    }

    #[test]
    fn a_signature_is_good_for_five_minutes() {
        assert_eq!(verified(&example(), b"", SECRET, 299), Ok(()));
        assert_eq!(verified(&example(), b"", SECRET, 301), Err(SignatureError::Expired));
        assert_eq!(verified(&example(), b"", SECRET, -301), Err(SignatureError::Expired));
    }

    #[test]
    fn a_missing_signature_and_half_of_one_are_told_apart() {
        let mut none = example();
        none.headers.remove("authorization");
        assert_eq!(Signed::of(&none), Err(SignatureError::Missing));
        for half in ["Bearer x", "AWS4-HMAC-SHA256 Credential=a/b", ""] {
            let mut parts = example();
            parts.headers.insert("authorization", half.parse().unwrap());
            assert_eq!(Signed::of(&parts), Err(SignatureError::Incomplete), "{half}");
        }
        let mut undated = example();
        undated.headers.remove("x-amz-date");
        assert_eq!(Signed::of(&undated), Err(SignatureError::Incomplete));
        let without_host = example().headers["authorization"].to_str().unwrap().replace("content-type;host;", "");
        let mut parts = example();
        parts.headers.insert("authorization", without_host.parse().unwrap());
        assert_eq!(Signed::of(&parts), Err(SignatureError::Incomplete));
    }

    /// Signs with the SDK's signer.
    fn presigned(path: &str, life_s: u64, time: DateTime<Utc>) -> Parts {
        let identity: Identity = Credentials::new("judge", SECRET, Some("token".to_owned()), None, "test").into();
        let mut settings = SigningSettings::default();
        settings.signature_location = SignatureLocation::QueryParams;
        settings.expires_in = Some(Duration::from_secs(life_s));
        let params = v4::SigningParams::builder().identity(&identity).region("eu-west-1").name("lambda");
        let params = params.time(SystemTime::from(time)).settings(settings).build().unwrap();
        let mut request = Request::get(format!("http://127.0.0.1:9{path}")).body(()).unwrap();
        let signable =
            SignableRequest::new("GET", request.uri().to_string(), std::iter::empty(), SignableBody::Bytes(b""))
                .unwrap();
        let signed = sign(signable, &SigningParams::V4(params)).unwrap();
        signed.into_parts().0.apply_to_request_http1x(&mut request);
        let (mut parts, ()) = request.into_parts();
        parts.headers.insert(HOST, "127.0.0.1:9".parse().unwrap());
        parts.uri = parts.uri.path_and_query().unwrap().as_str().parse().unwrap();
        parts
    }

    #[test]
    fn an_address_signed_in_advance_is_good_for_as_long_as_it_says() {
        let time = "2026-11-27T12:00:00Z".parse().unwrap();
        let parts = presigned("/2015-03-31/functions/a%3Ab/aliases?Marker=a%20b", 600, time);
        assert_eq!(verified(&parts, b"", SECRET, 599), Ok(()));
        assert_eq!(verified(&parts, b"", SECRET, 601), Err(SignatureError::Expired));
        let longer = parts.uri.to_string().replace("X-Amz-Expires=600", "X-Amz-Expires=6000");
        let mut parts = parts;
        parts.uri = longer.parse().unwrap();
        assert_eq!(verified(&parts, b"", SECRET, 601), Err(SignatureError::Different));
    }
}
