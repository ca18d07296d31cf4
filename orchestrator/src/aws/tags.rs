//! Resource Groups Tagging API: which functions have a tag.

use aws_config::SdkConfig;
use aws_sdk_resourcegroupstagging::Client;
use aws_sdk_resourcegroupstagging::types::{ResourceTagMapping, TagFilter};

use super::error::AwsError;
use crate::suite::Tag;
use crate::suite::tagged::{LABEL_TAG, Tagged};

/// Resources a page holds; the API allows no more.
const PAGE: i32 = 100;

/// The tags of the account's resources in this region.
#[derive(Debug, Clone)]
pub struct Tags {
    client: Client,
}

impl Tags {
    pub(super) fn new(config: &SdkConfig) -> Self {
        Self { client: Client::new(config) }
    }

    /// Every function that has the tag, in no particular order.
    pub async fn functions(&self, tag: &Tag) -> Result<Vec<Tagged>, AwsError> {
        let filter = TagFilter::builder().key(&tag.key).set_values(tag.value.clone().map(|v| vec![v])).build();
        let request = self.client.get_resources().tag_filters(filter).resource_type_filters("lambda:function");
        let mut pages = request.resources_per_page(PAGE).into_paginator().send();
        let mut found = Vec::new();
        while let Some(page) = pages.next().await {
            let page = page.map_err(|e| AwsError::from_sdk("the tagging API", "GetResources", &e))?;
            found.extend(page.resource_tag_mapping_list.unwrap_or_default().into_iter().filter_map(tagged));
        }
        Ok(found)
    }
}

fn tagged(mapping: ResourceTagMapping) -> Option<Tagged> {
    let label = mapping.tags.unwrap_or_default().into_iter().find(|tag| tag.key == LABEL_TAG).map(|tag| tag.value);
    Some(Tagged { arn: mapping.resource_arn?, label })
}
