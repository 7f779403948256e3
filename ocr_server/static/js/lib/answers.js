// @ts-check
// Pure. The types of a document as the server answers it: generated from document/schema.py by
// `python -m pytest tests/web/test_script_types.py --renew`.

/**
 * @typedef {"error-correction" | "check-digit" | "none"} CodeCheck
 * @typedef {"qr" | "data-matrix" | "aztec" | "pdf417" | "code-128" | "code-39" | "ean-13" | "ean-8" | "upc-a" | "upc-e"} CodeKind
 * @typedef {"ltr" | "rtl" | "ttb"} Direction
 * @typedef {"text" | "title" | "heading" | "list-item" | "header" | "footer" | "page-number"} Role
 * @typedef {"done" | "not-needed" | "skipped" | "out-of-time"} StageOutcome
 * @typedef {"recognised" | "text-layer" | "both"} TextSource
 * @typedef {"text" | "picture" | "rule" | "table"} ZoneKind
 */

/**
 * One fault of a picture.
 * @typedef {object} Advice
 * @property {string} code
 * @property {string} message
 * @property {string} advice what a person can do about it
 */

/**
 * Another reading of a word.
 * @typedef {object} Alternative
 * @property {string} text
 * @property {number} confidence
 * @property {string} source where it comes from: `engine` or `dictionary`
 */

/**
 * A cell of a table.
 * @typedef {object} Cell
 * @property {number} row from 0
 * @property {number} column from 0
 * @property {number | null} [row_span] how many rows it stands in, if more than one
 * @property {number | null} [column_span] how many columns it stands in, if more than one
 * @property {string} text
 * @property {number | null} [confidence] that of its words, if it has any
 * @property {[number, number, number, number]} box left, top, right, bottom in pixels of the page
 * @property {[number, number][]} quad four points, clockwise from the text’s own top left
 */

/**
 * A bar code or matrix code.
 * @typedef {object} Code
 * @property {CodeKind} kind
 * @property {string} value
 * @property {CodeCheck | null} [check] what says that it was read right; Code 39 has nothing that
 *   does
 * @property {[number, number, number, number]} box left, top, right, bottom in pixels of the page
 * @property {[number, number][]} quad four points, clockwise from the text’s own top left
 */

/**
 * A recognised document.
 * @typedef {object} Document
 * @property {Engine} engine
 * @property {Page[]} pages in order
 * @property {Record<string, DocumentField> | null} [fields] the requested fields, each from the
 *   first page where it is valid
 * @property {string} text the text of all pages, with form feeds between them
 * @property {PageProblem[]} problems pages that could not be read, or not whole
 */

/**
 * A field of the whole document.
 * @typedef {object} DocumentField
 * @property {string | null} value its normalised form; null if that is not known
 * @property {string} raw the text as it was read
 * @property {number} confidence
 * @property {boolean} valid
 * @property {[number, number, number, number] | null} box where it was read
 * @property {string | null} [reason] why it is not valid
 * @property {number} page the number of the page that it is on
 */

/**
 * The engine that read the document.
 * @typedef {object} Engine
 * @property {string} name
 * @property {string} version
 * @property {string[]} languages those it was read in
 */

/**
 * A requested value, and whether it keeps its rules.
 * @typedef {object} Field
 * @property {string | null} value its normalised form; null if that is not known
 * @property {string} raw the text as it was read
 * @property {number} confidence
 * @property {boolean} valid
 * @property {[number, number, number, number] | null} box where it was read
 * @property {string | null} [reason] why it is not valid
 */

/**
 * A line of words.
 * @typedef {object} Line
 * @property {string} text
 * @property {number} confidence
 * @property {[number, number, number, number]} box left, top, right, bottom in pixels of the page
 * @property {[number, number][]} quad four points, clockwise from the text’s own top left
 * @property {[number, number][]} baseline the baseline of its letters: a polyline from the start
 *   of the line to its end
 * @property {number} x_height_px the height of letters such as x
 * @property {number} paragraph the number of its paragraph within the zone, from 0
 * @property {Direction} direction in which it is read: from left to right, from right to left,
 *   from top to bottom
 * @property {string | null} [language] the engine's name of its language, if the engine tells it
 * @property {boolean | null} [handwritten] true if it was read as handwriting
 * @property {boolean | null} [hyphenated] true if its last word goes on in the next line, and the
 *   hyphen is no part of the word
 * @property {Word[]} words in reading order; with detail=word and deeper
 */

/**
 * One image of the upload, upright.
 * @typedef {object} Page
 * @property {number} number its number, counted through all files, from 1
 * @property {number} width_px
 * @property {number} height_px
 * @property {number | null} dpi the resolution that the request or the file gives
 * @property {TextSource} source where its text came from: recognised, the text layer of a PDF, or
 *   both
 * @property {number} confidence
 * @property {number} angle_deg how far its lines are turned clockwise, in degrees: the median of
 *   their angles
 * @property {PageLanguage | null} [language] what languages=auto found
 * @property {Stage[]} stages what was done to the picture
 * @property {Quality | null} quality
 * @property {string} text
 * @property {Record<string, Field> | null} [fields] the requested fields, by name
 * @property {Code[] | null} [codes] with codes=true, from top to bottom
 * @property {Zone[]} zones in reading order; with detail=zone and deeper
 */

/**
 * The languages that were found on a page, with languages=auto.
 * @typedef {object} PageLanguage
 * @property {string[]} codes the engine's names; that of most of the text first
 * @property {string} name their English names
 * @property {number} confidence of the first
 * @property {boolean} sure whether there is no doubt; else the page was read in the languages that
 *   were tried first
 * @property {string | null} [reason] why it is not sure
 */

/**
 * A page that could not be read.
 * @typedef {object} PageProblem
 * @property {number | null} [allowed_s] the time that was allowed
 * @property {string | null} [engine] the engine that is not installed
 * @property {number[] | null} [failed_pages] the pages that could not be read
 * @property {number | null} [height_px]
 * @property {string[] | null} [installed] the languages that are installed
 * @property {string | null} [kinds] the kinds of files that can be read
 * @property {number | null} [limit] the limit that was passed
 * @property {string[] | null} [missing] the languages that are not installed
 * @property {number | null} [offset] how much of the file is there, in bytes
 * @property {number | null} [pages] how many pages there are
 * @property {number | null} [retry_after_s] when to come back
 * @property {string | null} [setting] the setting that would change the limit
 * @property {number | null} [width_px]
 * @property {number} page its number, from 1
 * @property {string} code identifies the error; it never changes
 * @property {string} title
 * @property {string} detail what was wrong, what was expected and what to do
 */

/**
 * A paragraph of a zone, or an item of a list.
 * @typedef {object} Paragraph
 * @property {Role} role what it is to the document; heads, feet and numbers of pages are told
 *   where all are sent
 * @property {string} text its lines joined, and the words that are parted at their ends whole
 * @property {number} confidence
 * @property {number} line_count how many lines of the zone it has, after those of the paragraphs
 *   before
 * @property {[number, number, number, number]} box left, top, right, bottom in pixels of the page
 */

/**
 * How well the page can be read.
 * @typedef {object} Quality
 * @property {number} score
 * @property {Advice[]} problems what is wrong with the picture
 */

/**
 * A stage of the recipe, or an operation, on a page.
 * @typedef {object} Stage
 * @property {string} name
 * @property {string} found what was found, for people
 * @property {string} did what was done about it, for people; empty if nothing had to be done
 * @property {number} ms how long it took, in milliseconds
 * @property {StageOutcome} outcome how it ended: done, not needed, left out as the request asked,
 *   or out of time
 */

/**
 * A recognised character.
 * @typedef {object} Symbol
 * @property {string} text
 * @property {number} confidence
 * @property {[number, number, number, number]} box left, top, right, bottom in pixels of the page
 * @property {[number, number][]} quad four points, clockwise from the text’s own top left
 */

/**
 * The grid of a table zone.
 * @typedef {object} Table
 * @property {number} rows
 * @property {number} columns
 * @property {number | null} [header_rows] how many rows at the top are its head, where that is sure
 * @property {boolean | null} [continues] whether it goes on the last table of the page before
 * @property {Cell[]} cells in reading order
 */

/**
 * A word.
 * @typedef {object} Word
 * @property {string} text
 * @property {number} confidence
 * @property {[number, number, number, number]} box left, top, right, bottom in pixels of the page
 * @property {[number, number][]} quad four points, clockwise from the text’s own top left
 * @property {Alternative[] | null} [alternatives] what the word may be instead; for each source,
 *   the likeliest first
 * @property {string | null} [corrected_from] what was read before it was corrected
 * @property {boolean | null} [checked] whether a person has confirmed it
 * @property {Symbol[] | null} [symbols] with detail=symbol
 */

/**
 * A part of the page of one kind.
 * @typedef {object} Zone
 * @property {ZoneKind} kind
 * @property {[number, number, number, number]} box left, top, right, bottom in pixels of the page
 * @property {[number, number][]} quad four points, clockwise from the text’s own top left
 * @property {string | null} [name] the name that the request gave it
 * @property {string | null} [engine] the engine that read it, with engine=best
 * @property {TextSource | null} [source] where its text came from, if the page has text of both
 *   sources
 * @property {boolean | null} [handwritten] true if most of its letters were read as handwriting
 * @property {string | null} [text] of text and tables
 * @property {number | null} [confidence] of text and tables
 * @property {Paragraph[] | null} [paragraphs] of text, in reading order
 * @property {Table | null} [table]
 * @property {Line[]} lines in reading order; with detail=line and deeper
 */
export {};
