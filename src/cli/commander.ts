/** The parser of command lines, as the commands see it. */
export { Command, CommanderError, InvalidArgumentError, Option } from "commander";
