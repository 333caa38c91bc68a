/** Express 4, installed beside 5 under another name; its shape is the same where tests use it. */
declare module "express4" {
  import express from "express";

  export default express;
}
