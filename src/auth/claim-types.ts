/**
 * Long claim types of .NET and the short names that tokens carry for them, grouped by the namespace of the long form.
 * A row is one claim under two names: what arrives as one may be asked for as the other.
 */
const SHORT_NAMES: Readonly<Record<string, Readonly<Record<string, string>>>> = {
  "http://schemas.xmlsoap.org/ws/2009/09/identity/claims/": {
    actor: "actort",
  },
  "http://schemas.xmlsoap.org/ws/2005/05/identity/claims/": {
    dateofbirth: "birthdate",
    denyonlysid: "denyonlysid",
    emailaddress: "email",
    gender: "gender",
    givenname: "given_name",
    name: "unique_name",
    nameidentifier: "nameid",
    privatepersonalidentifier: "ppid",
    rsa: "certpublickey",
    surname: "family_name",
    thumbprint: "certthumbprint",
    upn: "upn",
    webpage: "website",
  },
  "http://schemas.microsoft.com/identity/claims/": {
    identityprovider: "idp",
    objectidentifier: "oid",
    scope: "scp",
    tenantid: "tid",
  },
  "http://schemas.microsoft.com/claims/": {
    authnclassreference: "acr",
    authnmethodsreferences: "amr",
  },
  "http://schemas.xmlsoap.org/claims/": {
    CommonName: "commonname",
    EmailAddress: "adfs1email",
    Group: "group",
    UPN: "adfs1upn",
  },
  "http://schemas.microsoft.com/ws/2008/06/identity/claims/": {
    authenticationmethod: "authmethod",
    denyonlyprimarygroupsid: "denyonlyprimarygroupsid",
    denyonlyprimarysid: "denyonlyprimarysid",
    groupsid: "groupsid",
    primarygroupsid: "primarygroupsid",
    primarysid: "primarysid",
    role: "role",
    serialnumber: "certserialnumber",
    windowsaccountname: "winaccountname",
  },
  "http://schemas.microsoft.com/2012/12/certificatecontext/extension/": {
    applicationpolicy: "certapppolicy",
    authoritykeyidentifier: "certauthoritykeyidentifier",
    basicconstraints: "certbasicconstraints",
    certificatepolicy: "certpolicy",
    certificatetemplateinformation: "certtemplateinformation",
    certificatetemplatename: "certtemplatename",
    eku: "certeku",
    keyusage: "certkeyusage",
    san: "certsubjectaltname",
    subjectkeyidentifier: "certsubjectkeyidentifier",
  },
  "http://schemas.microsoft.com/2012/12/certificatecontext/field/": {
    issuer: "certissuer",
    issuername: "certissuername",
    notafter: "certnotafter",
    notbefore: "certnotbefore",
    rawdata: "certrawdata",
    signaturealgorithm: "certsignaturealgorithm",
    subject: "certsubject",
    subjectname: "certsubjectname",
    x509version: "certx509version",
  },
  "http://schemas.microsoft.com/2012/01/requestcontext/claims/": {
    relyingpartytrustid: "relyingpartytrustid",
    "x-ms-client-application": "clientapplication",
    "x-ms-client-ip": "clientip",
    "x-ms-client-user-agent": "clientuseragent",
    "x-ms-endpoint-absolute-path": "endpointpath",
    "x-ms-forwarded-client-ip": "forwardedclientip",
    "x-ms-proxy": "proxy",
  },
  "http://schemas.microsoft.com/2012/01/devicecontext/claims/": {
    displayname: "devicedispname",
    identifier: "deviceid",
    ismanaged: "deviceismanaged",
    isregistereduser: "isregistereduser",
    ostype: "deviceostype",
    osversion: "deviceosver",
    registrationid: "deviceregid",
    userowner: "deviceowner",
  },
  "http://schemas.microsoft.com/ws/2012/01/": {
    insidecorporatenetwork: "insidecorporatenetwork",
    passwordchangeurl: "pwdchgurl",
    passwordexpirationdays: "pwdexpdays",
    passwordexpirationtime: "pwdexptime",
  },
};

const SHORT_BY_LONG = new Map<string, string>();
const LONG_BY_SHORT = new Map<string, string>();
for (const [namespace, names] of Object.entries(SHORT_NAMES)) {
  for (const [tail, short] of Object.entries(names)) {
    SHORT_BY_LONG.set(namespace + tail, short);
    LONG_BY_SHORT.set(short, namespace + tail);
  }
}

/** What .NET takes as the name claim when an identity does not say otherwise. */
export const DEFAULT_NAME_TYPE = "http://schemas.xmlsoap.org/ws/2005/05/identity/claims/name";
/** What .NET takes as the role claim when an identity does not say otherwise. */
export const DEFAULT_ROLE_TYPE = "http://schemas.microsoft.com/ws/2008/06/identity/claims/role";

/** The name that a token carries for a claim type; a type without a short form stays as it is. */
export function shortClaimType(type: string): string {
  return SHORT_BY_LONG.get(type) ?? type;
}

/** The long .NET form of a claim type; a type without one stays as it is. */
export function longClaimType(type: string): string {
  return LONG_BY_SHORT.get(type) ?? type;
}
