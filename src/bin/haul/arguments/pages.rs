//! Options for lists whose answers lead to further pages.

use clap::Args;

use crate::units::above_zero;

#[derive(Debug, Args)]
#[command(next_help_heading = "Pages of a list")]
pub(crate) struct PageArguments {
    /// Ask for next pages too: link, or a pointer (/next)
    ///
    /// With link, the next page is the target of the Link header's next; with a JSON pointer, it is the URL there in the
    /// JSON body, relative or absolute. Each page is a result of its own, with page, next and seed (the key of its first
    /// page), beside the index, source, line, id and tag of its line. A next page that is absent, null, false or empty ends the list; so does a failed page,
    /// and a page that was asked for before. In a pointer, -1 is the last item of an array. A page of another origin
    /// (scheme, host or port) gets no credentials. --resume goes on after the last page that succeeded, --retry-failed
    /// with the page that failed. With --ordered, pages come by line and then by page; lists are asked for side by side
    /// all the same, up to 1,000 results (or four times --jobs) and 64 MiB of bodies ahead of the first list.
    #[arg(long, value_name = "RULE", conflicts_with = "paginate_cursor")]
    pub(crate) paginate: Option<String>,
    /// Ask for next pages by a cursor: /next=PARAM or /next=/MEMBER
    ///
    /// The cursor at a pointer in the JSON body becomes a query parameter, or a member of the request's own JSON body. A
    /// number keeps its digits, and 0 is a cursor. The parameter replaces one of the same name; the member is replaced
    /// or added.
    #[arg(long, value_name = "RULE")]
    pub(crate) paginate_cursor: Option<String>,
    /// Ask for next pages only while the value at this pointer in the body is true
    #[arg(hide_short_help = true, long, value_name = "POINTER")]
    pub(crate) paginate_while: Option<String>,
    /// Number of pages of a line at which its list ends, earlier runs included [default: 10000]
    #[arg(hide_short_help = true, long, value_name = "N", value_parser = above_zero)]
    pub(crate) max_pages: Option<u32>,
}
