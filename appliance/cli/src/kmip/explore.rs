//! Looking around: versions, abilities, objects, attributes; and changing attributes.

use super::answer::Secrets;
use super::attribute::{self, named, parse_name, parse_one};
use super::link::Link;
use crate::{Failure, Report};
use clap::{Args, Subcommand};
use kmip::attribute::{Attribute, AttributeName, OneAttribute};
use kmip::enums::{ObjectGroupMember, QueryFunction};
use kmip::field::List;
use kmip::mask::StorageStatusMask;
use kmip::operation::{
    AddAttributeRequest, DeleteAttributeRequest, DiscoverVersionsRequest, GetAttributeListRequest,
    GetAttributesRequest, LocateRequest, ModifyAttributeRequest, QueryRequest, SetAttributeRequest,
};

/// Asks which versions of KMIP the server speaks (1.1 and later).
#[derive(Args)]
pub(super) struct Discover {}

impl Discover {
    pub(super) fn run(&self, link: &Link) -> Result<Report, Failure> {
        let answer = link.ask(&DiscoverVersionsRequest { versions: List::default() })?;
        let found: kmip::operation::DiscoverVersionsResponse<'_> = answer.read()?;
        let versions: Vec<String> = found.versions.iter().map(|version| version.to_string()).collect();
        let text = versions.iter().map(|version| format!("{version}\n")).collect::<String>();
        Ok(Report::good(text, serde_json::json!({ "versions": versions })))
    }
}

/// Asks what the server is and can do. Without functions: everything that the version spoken can ask.
#[derive(Args)]
#[command(after_help = "\
Examples:
  holdfast kmip query
  holdfast kmip query QueryOperations QueryObjects --json")]
pub(super) struct Query {
    /// What to ask: QueryOperations, QueryObjects, QueryServerInformation, QueryProfiles, QueryCapabilities, …
    #[arg(value_name = "FUNCTION", value_parser = named::<QueryFunction>)]
    functions: Vec<QueryFunction>,
}

impl Query {
    pub(super) fn run(&self, link: &Link) -> Result<Report, Failure> {
        let all: Vec<QueryFunction> = QueryFunction::all(link.version()).collect();
        let functions = if self.functions.is_empty() { &all } else { &self.functions };
        link.ask(&QueryRequest { functions: functions.into(), object_groups: None })?.report(Secrets::Hidden)
    }
}

/// Finds objects by their attributes; all of them must fit. Prints identifiers, one a line.
#[derive(Args)]
#[command(after_help = attribute::HELP)]
pub(super) struct Locate {
    /// What an object must have, as NAME=VALUE. Give several.
    #[arg(long = "attribute", short, value_name = "NAME=VALUE", value_parser = parse_one)]
    attributes: Vec<Attribute<'static>>,
    /// The object's name.
    #[arg(long)]
    name: Option<String>,
    /// At most so many.
    #[arg(long, value_name = "COUNT")]
    max: Option<i32>,
    /// Leave out the first so many (1.3 and later).
    #[arg(long, value_name = "COUNT")]
    skip: Option<i32>,
    /// What is archived too.
    #[arg(long)]
    archived: bool,
    /// GroupMemberFresh or GroupMemberDefault.
    #[arg(long, value_parser = named::<ObjectGroupMember>)]
    member: Option<ObjectGroupMember>,
}

impl Locate {
    pub(super) fn run(&self, link: &Link) -> Result<Report, Failure> {
        let mut attributes = self.attributes.clone();
        if let Some(name) = &self.name {
            attributes.push(parse_one(&format!("Name={name}")).map_err(attribute::bad)?);
        }
        let both = StorageStatusMask::ON_LINE_STORAGE | StorageStatusMask::ARCHIVAL_STORAGE;
        let answer = link.ask(&LocateRequest {
            maximum_items: self.max,
            offset_items: self.skip,
            storage_status_mask: self.archived.then_some(both),
            object_group_member: self.member,
            attributes: (&attributes).into(),
        })?;
        let found: kmip::operation::LocateResponse<'_> = answer.read()?;
        let ids: Vec<String> =
            found.unique_identifiers.iter().filter_map(|id| id.text().map(str::to_owned)).collect();
        let text = ids.iter().map(|id| format!("{}\n", id.escape_debug())).collect::<String>();
        Ok(Report::good(text, serde_json::json!({ "found": ids, "in_all": found.located_items })))
    }
}

/// An object's attributes.
#[derive(Subcommand)]
pub(super) enum Attributes {
    /// Show attributes: all, or those named.
    Get(Named),
    /// List which attributes an object has.
    List(Id),
    /// Add an attribute.
    Add(Given),
    /// Change an attribute.
    Modify(Modify),
    /// Set an attribute, whether it was there or not (2.0 and later).
    Set(Given),
    /// Delete an attribute.
    Delete(Delete),
}

#[derive(Args)]
pub(super) struct Id {
    /// The object.
    id: String,
}

#[derive(Args)]
pub(super) struct Named {
    /// The object.
    id: String,
    /// Which attributes.
    #[arg(value_parser = parse_name)]
    names: Vec<AttributeName<'static>>,
}

#[derive(Args)]
#[command(after_help = attribute::HELP)]
pub(super) struct Given {
    /// The object.
    id: String,
    /// The attribute.
    #[arg(value_name = "NAME=VALUE", value_parser = parse_one)]
    attribute: Attribute<'static>,
}

#[derive(Args)]
#[command(after_help = attribute::HELP)]
pub(super) struct Modify {
    #[command(flatten)]
    given: Given,
    /// Which instance, if there are several (1.x).
    #[arg(long, value_name = "NUMBER")]
    index: Option<u32>,
    /// The instance as it is (2.x).
    #[arg(long, value_name = "NAME=VALUE", value_parser = parse_one)]
    current: Option<Attribute<'static>>,
}

#[derive(Args)]
pub(super) struct Delete {
    /// The object.
    id: String,
    /// The attribute.
    #[arg(value_parser = parse_name)]
    name: AttributeName<'static>,
    /// Which instance, if there are several (1.x).
    #[arg(long, value_name = "NUMBER")]
    index: Option<i32>,
}

impl Attributes {
    pub(super) fn run(&self, link: &Link) -> Result<Report, Failure> {
        match self {
            Attributes::Get(Named { id, names }) => link.ask(&GetAttributesRequest {
                unique_identifier: Some(id.as_str().into()),
                names: names.into(),
            }),
            Attributes::List(Id { id }) => {
                link.ask(&GetAttributeListRequest { unique_identifier: Some(id.as_str().into()) })
            }
            Attributes::Add(Given { id, attribute }) => link.ask(&AddAttributeRequest {
                unique_identifier: Some(id.as_str().into()),
                attribute: OneAttribute(attribute.clone()),
            }),
            Attributes::Set(Given { id, attribute }) => link.ask(&SetAttributeRequest {
                unique_identifier: Some(id.as_str().into()),
                attribute: OneAttribute(attribute.clone()),
            }),
            Attributes::Modify(Modify { given: Given { id, attribute }, index, current }) => {
                link.ask(&ModifyAttributeRequest {
                    unique_identifier: Some(id.as_str().into()),
                    current: current.clone().map(OneAttribute),
                    attribute: OneAttribute(Attribute { index: *index, ..attribute.clone() }),
                })
            }
            Attributes::Delete(Delete { id, name, index }) => link.ask(&DeleteAttributeRequest {
                unique_identifier: Some(id.as_str().into()),
                current: None,
                name: Some(name.clone()),
                index: *index,
            }),
        }?
        .report(Secrets::Hidden)
    }
}
