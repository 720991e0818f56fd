/** Made by `npm run api` from openapi.json, which is what the server says of itself. Changed by neither hand. */

export type Json = null | boolean | number | string | Json[] | {
    [key: string]: Json;
};
export interface paths {
    "/api/auth/login": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        /** Signs in with an e-mail address, or with a name where people have names, and a password. */
        post: operations["auth.login"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/auth/signup": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        /** Makes an account for a visitor and signs in, where the application lets visitors do so. */
        post: operations["auth.signup"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/auth/google": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        /** Signs in with an ID token of Google's; where visitors may make accounts, it makes one. */
        post: operations["auth.google"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/auth/refresh": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        /** Exchanges a refresh token, which is used up by this, for new tokens. */
        post: operations["auth.refresh"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/auth/logout": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        /** Signs out: the session and its tokens end. */
        post: operations["auth.logout"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/me": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** Shows who is calling and what they may do. */
        get: operations["me.get"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        /** Changes one's own name, what one says of oneself, or one's password. */
        patch: operations["me.update"];
        trace?: never;
    };
    "/api/me/password": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        /** Changes one's own password. */
        put: operations["me.set_password"];
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/me/picture": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** Hands out one's own picture. */
        get: operations["me.picture"];
        put?: never;
        /** Gives oneself a picture: PNG, JPEG, GIF or WebP, at most 5 MB. */
        post: operations["me.set_picture"];
        /** Takes one's own picture away. */
        delete: operations["me.remove_picture"];
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/sessions": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** Lists where one is signed in, or a user whom one manages; at most 200. */
        get: operations["sessions.list"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/sessions/{session}": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** Reads a session: one's own, or that of a user whom one manages. */
        get: operations["sessions.get"];
        put?: never;
        post?: never;
        /** Ends a session: one's own, or that of a user whom one manages. */
        delete: operations["sessions.revoke"];
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/users": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** Lists users, the oldest first. */
        get: operations["users.list"];
        put?: never;
        /** Creates a user. Nobody can give more than they have. */
        post: operations["users.create"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/users/{user}": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** Reads a user; everybody reads themselves. */
        get: operations["users.get"];
        put?: never;
        post?: never;
        /** Keeps a user from signing in and ends their sessions. Nothing is erased: that is `users.erase`. */
        delete: operations["users.disable"];
        options?: never;
        head?: never;
        /** Changes a user; everybody changes their own name. A new password, role or tenant ends their sessions. */
        patch: operations["users.update"];
        trace?: never;
    };
    "/api/users/{user}/erase": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        /** Erases a user for good, with everything that is theirs: 200 with what was removed, or 202 with the job that removes it. `dry_run` only counts. */
        post: operations["users.erase"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/keys": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** Lists application keys, without their secrets. */
        get: operations["keys.list"];
        put?: never;
        /** Makes an application key. Its text is in `secret`, this once. */
        post: operations["keys.create"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/keys/{key}": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        post?: never;
        /** Revokes a key at once. */
        delete: operations["keys.revoke"];
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/keys/{key}/rotate": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        /** Makes a key in place of another, which goes on working for a while. */
        post: operations["keys.rotate"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/signing-keys": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** Lists the keys that sign access tokens, the oldest first, without their secrets. The newest signs, the others verify until they are retired. */
        get: operations["signing_keys.list"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/signing-keys/rotate": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        /** Has another key sign access tokens from now on. What older ones signed stays valid, nobody is signed out. */
        post: operations["signing_keys.rotate"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/tenants": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** Lists tenants, the oldest first. */
        get: operations["tenants.list"];
        put?: never;
        /** Creates a tenant with the records that every new one starts with. */
        post: operations["tenants.create"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/tenants/{tenant}": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** Reads a tenant. */
        get: operations["tenants.get"];
        put?: never;
        post?: never;
        /** Deletes a tenant, so that it can be restored; with `permanent`, it and everything of it for good. */
        delete: operations["tenants.delete"];
        options?: never;
        head?: never;
        /** Changes the fields that are given; null takes one out. */
        patch: operations["tenants.update"];
        trace?: never;
    };
    "/api/tenants/{tenant}/restore": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        /** Brings a deleted tenant back. */
        post: operations["tenants.restore"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/tenants/{tenant}/export": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** What a tenant has, as JSON; what the caller may not see is left out, and named. */
        get: operations["tenants.export"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/app": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** Describes the application: its collections, tasks, roles and nouns. */
        get: operations["app.get"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/collections/{collection}": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** Lists the records of a collection. */
        get: operations["records.list"];
        put?: never;
        /** Makes a record. */
        post: operations["records.create"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/collections/{collection}/find": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** Reads the record that has a value in a field that is unique. */
        get: operations["records.find"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/collections/{collection}/import": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        /** Reads a list in as a new record with its first version: a form with a `file`, or JSON with `items`. The other fields are the record's. */
        post: operations["imports.create"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/collections/{collection}/preview": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        /** Shows how a file would be understood, and keeps nothing. */
        post: operations["imports.preview"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/records/{record}": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** Reads a record. */
        get: operations["records.get"];
        put?: never;
        post?: never;
        /** Deletes a record, so that it can be restored; with `permanent`, for good. */
        delete: operations["records.delete"];
        options?: never;
        head?: never;
        /** Changes the fields that are given; null takes one out. */
        patch: operations["records.update"];
        trace?: never;
    };
    "/api/records/{record}/restore": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        /** Brings a deleted record back. */
        post: operations["records.restore"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/records/{record}/versions": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** Lists the versions of a record, the newest first. */
        get: operations["versions.list"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/records/{record}/revert": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        /** Goes back to an older version: a copy of it becomes the newest and active one. */
        post: operations["versions.revert"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/records/{record}/change": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        /** Reads a list in as changes to the active version, which makes a new one: a form with a `file`, or JSON with `items`. */
        post: operations["imports.change"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/versions/{version}": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** Reads a version. */
        get: operations["versions.get"];
        put?: never;
        post?: never;
        /** Deletes a version that is not the active one. */
        delete: operations["versions.delete"];
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/versions/{version}/records": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** Lists what is in a version. */
        get: operations["versions.records"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/versions/{version}/diff/{other}": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** Compares two versions of a record. */
        get: operations["versions.diff"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/versions/{version}/activate": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        /** Makes a version the active one. */
        post: operations["versions.activate"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/versions/{version}/export": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** Writes a version out as a file. */
        get: operations["versions.export"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/versions/{version}/proposals": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** Lists the proposals for a version. */
        get: operations["proposals.list"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/proposals/{proposal}": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** Reads a proposal. */
        get: operations["proposals.get"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/proposals/{proposal}/accept": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        /** Accepts a proposal: its change comes into a new version. */
        post: operations["proposals.accept"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/proposals/{proposal}/reject": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        /** Rejects a proposal; the feedback goes into later questions. */
        post: operations["proposals.reject"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/proposals/decide": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        /** Decides about several proposals; those accepted give one new version. */
        post: operations["proposals.decide"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/tasks/{task}": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        /** Runs a task: 202 with a job, or 200 with the answer when the task answers at once. */
        post: operations["tasks.run"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/search": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        /** Finds records by words, and by meaning where embeddings can be had; says which it was. */
        post: operations["search.run"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/documents": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** Lists one's own documents and those that are shared, the newest first. */
        get: operations["documents.list"];
        put?: never;
        /** Puts a document in: a file, or a text as `content`. It is pending until it was read and made findable. */
        post: operations["documents.create"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/documents/page": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        /** Puts a page of the web in. Private and local addresses are refused, and what robots.txt does not allow. */
        post: operations["documents.page"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/documents/site": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        /** Puts the pages of a small site in, by a job. */
        post: operations["documents.site"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/documents/search": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        /** Finds documents by meaning and by words, and the passages that fit; says how it was done. */
        post: operations["documents.search"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/documents/{document}": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** Reads what is known of a document. */
        get: operations["documents.get"];
        put?: never;
        post?: never;
        /** Removes a document. */
        delete: operations["documents.delete"];
        options?: never;
        head?: never;
        /** Changes what is said about a document, and whether it is shared. */
        patch: operations["documents.update"];
        trace?: never;
    };
    "/api/documents/{document}/content": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** Reads the text of a document, or a part of it. */
        get: operations["documents.content"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/documents/{document}/file": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** Hands out the file of a document as it was put in. */
        get: operations["documents.file"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/documents/{document}/resume": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        /** Has a document that failed go on where it stopped. */
        post: operations["documents.resume"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/documents/{document}/summary": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        /** Has a model say what a document says, in short, and keeps it as its summary. */
        post: operations["documents.summarize"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/assistants": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** Lists the assistants of the application. */
        get: operations["assistants.list"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/assistants/prompt": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** Shows the system prompt that one has set for oneself. */
        get: operations["assistants.prompt"];
        /** Sets a system prompt for oneself. */
        put: operations["assistants.set_prompt"];
        post?: never;
        /** Takes one's own system prompt away. */
        delete: operations["assistants.clear_prompt"];
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/chats": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** Lists one's own chats, the one in which something was last said first. */
        get: operations["chats.list"];
        put?: never;
        /** Begins a chat about a record, which is kept with it as it is now. */
        post: operations["chats.create"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/chats/{chat}": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** Reads a chat. */
        get: operations["chats.get"];
        put?: never;
        post?: never;
        /** Deletes a chat with everything said in it, and its documents. */
        delete: operations["chats.delete"];
        options?: never;
        head?: never;
        /** Gives a chat a title. */
        patch: operations["chats.rename"];
        trace?: never;
    };
    "/api/chats/{chat}/messages": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** Lists what was said in a chat, the oldest first; from its end backwards when that is asked for. */
        get: operations["chats.messages"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/chats/{chat}/title": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        /** Gives a chat a title made of its first question, by a model where there is one. */
        post: operations["chats.title"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/chats/{chat}/export": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** Hands out a chat with everything said in it. */
        get: operations["chats.export"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/chats/{chat}/again": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        /** Asks the last question of a chat again; the new answer replaces the old one. */
        post: operations["ask.again"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/chats/{chat}/again/stream": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        /** Asks the last question of a chat again and tells the answer as it is written. */
        post: operations["ask.again_stream"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/ask": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        /** Asks a question in a chat, which it begins when none is named, and waits for the answer. */
        post: operations["ask.chat"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/ask/once": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        /** Asks a question that belongs to no chat. */
        post: operations["ask.once"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/ask/stream": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        /** Asks a question in a chat and tells the answer as it is written; with `Last-Event-ID` it goes on with one that was cut off. */
        post: operations["ask.stream"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/runs/{run}": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** Shows how far an answer is. */
        get: operations["runs.get"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/runs/{run}/events": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** Tells what happened while an answer is made, from the beginning or after `Last-Event-ID`. */
        get: operations["runs.events"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/runs/{run}/stop": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        /** Stops an answer; what was written is kept and marked. */
        post: operations["runs.stop"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/ws": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** Opens a WebSocket on which questions are asked and answers come as they are written. */
        get: operations["ask.socket"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/questions": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** Lists what can be asked of the application's data. */
        get: operations["questions.list"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/questions/ask": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        /** Asks a question over the data of a tenant, in a conversation, which it begins when none is named. */
        post: operations["questions.ask"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/questions/initial": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** Gives questions to begin with. */
        get: operations["questions.initial"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/questions/followups": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        /** Proposes three questions that go on from others. */
        post: operations["questions.followups"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/questions/comment": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        /** Says a word about an answer that somebody got, beside a record. */
        post: operations["questions.comment"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/questions/performance": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** Lists how questions fared, those without an answer too, the newest first. */
        get: operations["questions.performance"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/questions/conversations": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** Lists one's own conversations, the one in which something was last asked first. */
        get: operations["conversations.list"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/questions/conversations/{conversation}": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** Lists what was asked and answered in a conversation, the oldest first. */
        get: operations["conversations.turns"];
        put?: never;
        post?: never;
        /** Deletes a conversation with everything said in it. */
        delete: operations["conversations.delete"];
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/progress": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** Tells how somebody's results went: by week, month and quarter, by criterion, and what is said of them again and again. */
        get: operations["progress.get"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/progress/comment": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        /** Says in words how one's own results went, where the application has a task for that. */
        post: operations["progress.comment"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/reports/{report}/{record}": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** Draws the report of a record (PDF). */
        get: operations["reports.get"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/analyses": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        /** Has a task look at a text or a record: 200 with the answer, or 202 with a job for many records. */
        post: operations["analyses.run"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/results": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** Lists results, the newest first: one's own, or everybody's. */
        get: operations["results.list"];
        put?: never;
        /** Hands a text in: 200 with the result, or 202 with where it stands; one that takes longer than its deadline goes on being made, and the answer names it. */
        post: operations["results.submit"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/results/latest": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** Lists the last result of each person. */
        get: operations["results.latest"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/results/{result}": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** Reads a result with its text; 425 while it is being made. */
        get: operations["results.get"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/results/{result}/status": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** Tells where a result stands. */
        get: operations["results.status"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/results/{result}/events": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** Tells of a result as it is made (server-sent events `progress`, then `completed` or `failed`; `end` when the stream is to be opened anew). */
        get: operations["results.events"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/results/{result}/raw": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** Reads what a model was asked and said for a result that was made in debug mode. */
        get: operations["results.raw"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/debug": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** Tells whether debug mode is on: what goes over the wire for a result is kept then. */
        get: operations["debug.get"];
        /** Switches debug mode on or off. */
        put: operations["debug.set"];
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/feedback": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** Lists feedback, the newest first. */
        get: operations["feedback.list"];
        put?: never;
        /** Says what one thinks of a result or of an answer in a chat; what one said before is replaced. */
        post: operations["feedback.give"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/feedback/summary": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** Sums feedback up, by task and version of the prompt. */
        get: operations["feedback.summary"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/feedback/export": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** Writes judged answers out with what they answered, one JSON object in a line. */
        get: operations["feedback.export"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/language": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** Tells the languages of the application, and how the language of a text is found out. */
        get: operations["language.list"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/language/detect": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        /** Finds out which of the application's languages a text is in. */
        post: operations["language.detect"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/jobs": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** Lists jobs, the newest first. */
        get: operations["jobs.list"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/jobs/events": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** Tells of jobs as they change (server-sent events named `job`; `end` when the stream is to be opened anew). */
        get: operations["jobs.events"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/jobs/{job}": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** Reads a job. */
        get: operations["jobs.get"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/jobs/{job}/cancel": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        /** Cancels a job; one that runs stops at its next step. */
        post: operations["jobs.cancel"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/jobs/{job}/retry": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        /** Runs a failed or cancelled job again. */
        post: operations["jobs.retry"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/schedules": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** Lists what comes round, with its next runs and its last one. */
        get: operations["schedules.list"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/schedules/{schedule}": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** Reads a schedule, with its last runs. */
        get: operations["schedules.get"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/schedules/{schedule}/run": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        /** Begins a run now, beside those to come. */
        post: operations["schedules.run"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/schedules/{schedule}/pause": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        /** Lets a schedule begin nothing until it is resumed. */
        post: operations["schedules.pause"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/schedules/{schedule}/resume": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        /** Lets a schedule go on with the next run to come; what fell into the pause is not made up. */
        post: operations["schedules.resume"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/archives": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** Lists what was put away, the newest first. */
        get: operations["archives.list"];
        put?: never;
        /** Puts away the records of a collection that are due, without waiting for its schedule. */
        post: operations["archives.create"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/archives/{archive}": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** Reads what is known of an archive. */
        get: operations["archives.get"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/archives/{archive}/restore": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        /** Brings records back out of an archive: these, or all. The archive stays. */
        post: operations["archives.restore"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/deprecations": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** Lists the routes that will go, with the clients who called them last. */
        get: operations["deprecations.list"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/sources": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** Lists the sources of records, with their last runs. */
        get: operations["sources.list"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/sources/cache": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** Shows what the caches of sources hold, and of what use they were. */
        get: operations["sources.cache"];
        put?: never;
        post?: never;
        /** Clears the caches of sources, or some of them. */
        delete: operations["sources.clear_cache"];
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/sources/{source}/run": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        /** Runs a source; one run at a time. */
        post: operations["sources.run"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/sources/{source}/runs": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** Lists the runs of a source, the newest first. */
        get: operations["sources.runs"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/sources/{source}/runs/{job}": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** Reads a run of a source. */
        get: operations["sources.get_run"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/sources/{source}/aside": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** Lists what a source has set aside, with the reasons. */
        get: operations["sources.aside"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/records/{record}/sources": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** Shows the sources that a record comes from, and the fields that they leave alone. */
        get: operations["sources.origins"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/records/{record}/sources/unlock": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        /** Lets sources change fields of a record again that somebody changed by hand. */
        post: operations["sources.unlock"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/lookups": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** Lists the look-ups, with what each is asked about and what it gives. */
        get: operations["lookups.list"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/records/{record}/lookups/{lookup}": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** Asks somebody outside about a record, at once. */
        get: operations["lookups.ask"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/audit": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** Lists the audit log, the newest first. */
        get: operations["audit.list"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/audit/verify": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** Reads every chain of the audit log and says whether each is whole. */
        get: operations["audit.verify"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/usage": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** Lists every attempt to use a model, the newest first. */
        get: operations["usage.list"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/usage/summary": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** Sums up what models used and cost. */
        get: operations["usage.summary"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/models": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** Shows the providers, how they do, and which names lead to which models. Asks none. */
        get: operations["models.list"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/models/test": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        /** Asks each provider, or one model, a short question, and says how that went. */
        post: operations["models.test"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/models/prices": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** Shows what models cost, and the version of the prices that the ledger names. */
        get: operations["prices.list"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/models/limits": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** Shows the limits, and who has used how much of each in this process. */
        get: operations["limits.list"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/models/queue": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** Shows who waits at the limits of this process. */
        get: operations["queue.get"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/budgets": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** Shows how the budgets stand, those used the most first. */
        get: operations["budgets.list"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/budgets/events": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** Lists the budgets that came to their warning or their end, the newest first. */
        get: operations["budgets.events"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/budgets/{budget}": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        /** Sets a budget, new or in place of the one of this name. It holds at once. */
        put: operations["budgets.set"];
        post?: never;
        /** Takes a budget away that was set; one of this name in the settings holds again. */
        delete: operations["budgets.remove"];
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/webhooks": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** Lists webhooks. */
        get: operations["webhooks.list"];
        put?: never;
        /** Makes a webhook. The secret that signs its deliveries is in the answer, this once. */
        post: operations["webhooks.create"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/webhooks/{webhook}": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** Reads a webhook. */
        get: operations["webhooks.get"];
        put?: never;
        post?: never;
        /** Deletes a webhook with its deliveries. */
        delete: operations["webhooks.delete"];
        options?: never;
        head?: never;
        /** Changes a webhook. */
        patch: operations["webhooks.update"];
        trace?: never;
    };
    "/api/webhooks/{webhook}/deliveries": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** Lists the deliveries of a webhook. */
        get: operations["webhooks.deliveries"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/webhooks/{webhook}/test": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        /** Sends a trial event. */
        post: operations["webhooks.test"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/deliveries/{delivery}/retry": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        /** Delivers again. */
        post: operations["deliveries.retry"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/prompts": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** Lists the prompts of the application with every text that was ever in use. */
        get: operations["prompts.list"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/configuration": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** Lists the documents of the configuration, by category. */
        get: operations["configuration.list"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/configuration/check": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        /** Checks the application's folder as it is, or as it would be with other documents. Nothing is changed. */
        post: operations["configuration.check"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/configuration/export": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** Writes all documents out as one zip, without secrets. */
        get: operations["configuration.export"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/configuration/import": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        /** Changes all documents that a zip holds, all or none: a form with a `file` of 10 MB at most. With `validate_only` nothing is changed. */
        post: operations["configuration.import"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/configuration/{config}": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** Reads a document of the configuration: what it says, and what is in force. Secrets are never shown. */
        get: operations["configuration.get"];
        /** Changes a document: checked with all others, kept in its history, and in force only when nothing is wrong. What is hidden in the text stays as it was. */
        put: operations["configuration.set"];
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/configuration/{config}/history": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** Lists what a document was changed to, the newest first: old and new text, why, by whom, when, and whether it was valid. */
        get: operations["configuration.history"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/configuration/{config}/revert": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        /** Goes back to a version of a document, which becomes its newest; version 0 is the file. */
        post: operations["configuration.revert"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/frontend": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** Reads what the interface is told: texts, lengths, intervals, what is switched on; and, signed in, the documents that the application shows. */
        get: operations["frontend.get"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/v1/stats": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** The numbers of the overview. */
        get: operations["stats.get"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/logs": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** The last log lines of this process, the oldest first. */
        get: operations["logs.list"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/__debug/routes": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** Every route, its operation and its permission (in debug mode). */
        get: operations["debug.routes"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/__debug/sqlite": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** What the database says about itself (in debug mode). */
        get: operations["debug.database"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/llm/v1/chat/completions": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        /** Ask a model, as OpenAI's chat completions do. */
        post: operations["llm.chat"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/llm/v1/responses": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        /** Ask a model, as OpenAI's responses do. */
        post: operations["llm.responses"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/llm/v1/embeddings": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        /** Make embeddings, as OpenAI does. */
        post: operations["llm.embeddings"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/llm/v1/models": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** List the models that can be asked, as OpenAI does. */
        get: operations["llm.models"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/llm/v1/models/{model}": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** See one model that can be asked, as OpenAI does. */
        get: operations["llm.model"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/llm/anthropic/v1/models": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** List the models that can be asked, as Anthropic does. */
        get: operations["llm.anthropic_models"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/llm/anthropic/v1/models/{model}": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** See one model that can be asked, as Anthropic does. */
        get: operations["llm.anthropic_model"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/llm/anthropic/v1/messages": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        /** Ask a model, as Anthropic's messages do. */
        post: operations["llm.messages"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/llm/anthropic/v1/messages/count_tokens": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        /** Count the tokens of a question, as Anthropic does. */
        post: operations["llm.count_tokens"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/health": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** Tells whether everything is well: 200, or 503 when something that must work does not. */
        get: operations["health.get"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/health/detailed": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** Tells what each check found and how long it took, of all or of some: 200, or 503 when what must work does not. */
        get: operations["health.detailed"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/health/database": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** Tells whether the database is well. */
        get: operations["health.database"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/health/ai-services": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** Tells whether models answered lately, and of each provider whether it is available. Asks none, so it costs nothing. */
        get: operations["health.models"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/health/live": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** Tells that the process lives. */
        get: operations["health.live"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/health/ready": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** Tells whether requests should be sent here: 200, or 503 while starting and stopping. */
        get: operations["health.ready"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/metrics": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** All metrics in the format of Prometheus. */
        get: operations["metrics.get"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/openapi.json": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** Describes this API (OpenAPI 3.1). */
        get: operations["openapi.get"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
}
export type webhooks = Record<string, never>;
export interface components {
    schemas: {
        Tokens: {
            access_token: string;
            refresh_token: string;
            token_type: string;
            expires_in: number;
            session: string;
            csrf_token?: string;
            user: components["schemas"]["Me"];
        };
        Renewed: {
            access_token?: string;
            refresh_token?: string;
            token_type: string;
            expires_in: number;
            session: string;
            csrf_token?: string;
            user: components["schemas"]["Me"];
        };
        Me: {
            id: string;
            email: string | null;
            username: string | null;
            name: string;
            role: components["schemas"]["Role"] | null;
            role_name: string | null;
            /** Format: uuid */
            tenant: string | null;
            tenant_slug?: string | null;
            can_write: boolean;
            is_admin: boolean;
            is_active: boolean;
            permissions: components["schemas"]["Permission"][];
            /** @enum {string} */
            reaches: "all" | "one";
            scopes?: components["schemas"]["Scope"][] | null;
            about?: string;
            picture?: string | null;
            /** Format: date-time */
            created_at?: string;
            session?: string;
            csrf_token?: string;
            preferences?: components["schemas"]["Preferences"];
        };
        Preferences: {
            system_prompt: string | null;
            /** Format: date-time */
            prompt_updated_at: string | null;
        };
        Session: {
            id: string;
            user: string;
            address: string | null;
            user_agent: string | null;
            is_current: boolean;
            /** Format: date-time */
            created_at: string;
            /** Format: date-time */
            last_used_at: string;
            /** Format: date-time */
            expires_at: string;
        };
        User: {
            id: string;
            email: string | null;
            username: string | null;
            name: string;
            role: components["schemas"]["Role"];
            role_name: string;
            /** Format: uuid */
            tenant: string | null;
            /** @enum {string} */
            reaches: "all" | "one";
            is_admin: boolean;
            is_active: boolean;
            disabled: boolean;
            /** Format: date-time */
            disabled_at: string | null;
            /** Format: date-time */
            last_login_at: string | null;
            revision: number;
            /** Format: date-time */
            created_at: string;
            /** Format: date-time */
            updated_at: string;
        };
        Erasure: {
            user: string;
            dry_run: boolean;
            /** @enum {string} */
            state: "planned" | "pending" | "completed";
            /** Format: uuid */
            job: string | null;
            counts: components["schemas"]["ErasureCounts"] | null;
        };
        ErasureCounts: {
            sessions: number;
            keys: number;
            chats: number;
            messages: number;
            runs: number;
            prompts: number;
            conversations: number;
            questions: number;
            documents: number;
            documents_handed_over: number;
            records: number;
            archived: number;
            feedback: number;
        };
        Key: {
            id: string;
            /** Format: uuid */
            tenant: string;
            user: string | null;
            name: string;
            prefix: string;
            scopes: components["schemas"]["Scope"][];
            /** Format: date-time */
            created_at: string;
            created_by: string;
            /** Format: date-time */
            expires_at: string | null;
            /** Format: date-time */
            revoked_at: string | null;
            /** Format: date-time */
            last_used_at: string | null;
            replaced_by: string | null;
        };
        KeyWithSecret: {
            id: string;
            /** Format: uuid */
            tenant: string;
            user: string | null;
            name: string;
            prefix: string;
            secret: string;
            scopes: components["schemas"]["Scope"][];
            /** Format: date-time */
            created_at: string;
            created_by: string;
            /** Format: date-time */
            expires_at: string | null;
            /** Format: date-time */
            revoked_at: string | null;
            /** Format: date-time */
            last_used_at: string | null;
            replaced_by: string | null;
        };
        SigningKeys: {
            keys: components["schemas"]["SigningKey"][];
            max_age_s: number | null;
        };
        SigningKey: {
            id: string;
            is_signing: boolean;
            /** Format: date-time */
            created_at: string;
            /** Format: date-time */
            retired_at: string | null;
            sessions: number;
        };
        Tenant: {
            /** Format: uuid */
            id: string;
            slug: string;
            name: string;
            data: {
                [key: string]: components["schemas"]["Json"];
            };
            revision: number;
            /** Format: date-time */
            created_at: string;
            /** Format: date-time */
            updated_at: string;
            /** Format: date-time */
            deleted_at: string | null;
        };
        VersionHead: {
            /** Format: uuid */
            id: string;
            number: number;
            label: string;
            /** Format: date-time */
            created_at: string;
        };
        Lock: {
            /** Format: uuid */
            job: string;
            by: string;
            /** Format: date-time */
            at: string;
        };
        Record: {
            /** Format: uuid */
            id: string;
            number: number | null;
            /** Format: uuid */
            tenant: string;
            collection: string;
            /** Format: uuid */
            parent: string | null;
            /** Format: uuid */
            version: string | null;
            /** Format: uuid */
            lineage: string;
            data: {
                [key: string]: components["schemas"]["Json"];
            };
            revision: number;
            active_version: components["schemas"]["VersionHead"] | null;
            lock: components["schemas"]["Lock"] | null;
            /** Format: date-time */
            created_at: string;
            /** Format: date-time */
            updated_at: string;
            /** Format: date-time */
            deleted_at: string | null;
            created_by: string;
            children?: {
                [key: string]: components["schemas"]["Record"][];
            };
        };
        Version: {
            /** Format: uuid */
            id: string;
            /** Format: uuid */
            tenant: string;
            /** Format: uuid */
            record: string;
            number: number;
            label: string;
            notes: string | null;
            /** @enum {string} */
            state: "building" | "ready";
            /** @enum {string} */
            origin: "import" | "change" | "task" | "proposals" | "revert";
            task: string | null;
            inputs: components["schemas"]["Json"];
            summary: string | null;
            details: components["schemas"]["Json"];
            warnings: components["schemas"]["Json"];
            prompt_version: string | null;
            produced_by: string | null;
            /** Format: uuid */
            based_on: string | null;
            record_count: number;
            is_active: boolean;
            created_by: string;
            /** Format: date-time */
            created_at: string;
        };
        VersionNumber: {
            /** Format: uuid */
            id: string;
            number: number;
        };
        FieldChange: {
            field: string;
            before: components["schemas"]["Json"];
            after: components["schemas"]["Json"];
        };
        RecordChange: {
            /** Format: uuid */
            lineage: string;
            before: components["schemas"]["Record"];
            after: components["schemas"]["Record"];
            fields: components["schemas"]["FieldChange"][];
        };
        Renaming: {
            /** Format: uuid */
            lineage: string;
            record: components["schemas"]["Record"];
            field: string;
            before: components["schemas"]["Json"];
            after: components["schemas"]["Json"];
        };
        DiffCounts: {
            added: number;
            removed: number;
            changed: number;
            renamed: number;
            unchanged: number;
        };
        Diff: {
            from: components["schemas"]["VersionNumber"];
            to: components["schemas"]["VersionNumber"];
            added: components["schemas"]["Record"][];
            removed: components["schemas"]["Record"][];
            changed: components["schemas"]["RecordChange"][];
            renamed: components["schemas"]["Renaming"][];
            counts: components["schemas"]["DiffCounts"];
        };
        SuggestedChange: {
            current?: components["schemas"]["Json"];
            suggested?: components["schemas"]["Json"];
            confidence?: number | null;
        };
        ProposalSubject: {
            title: string | null;
            data: {
                [key: string]: components["schemas"]["Json"];
            };
        };
        Proposal: {
            /** Format: uuid */
            id: string;
            /** Format: uuid */
            tenant: string;
            /** Format: uuid */
            version: string;
            /** Format: uuid */
            parent: string;
            /** Format: uuid */
            record: string | null;
            category: string;
            suggestion: string;
            change: components["schemas"]["SuggestedChange"] | null;
            /** @enum {string} */
            status: "pending" | "accepted" | "rejected" | "dismissed";
            produced_by: string;
            decided_by: string | null;
            /** Format: date-time */
            decided_at: string | null;
            notes: string | null;
            feedback: string | null;
            /** Format: uuid */
            applied_version: string | null;
            /** Format: date-time */
            created_at: string;
            /** Format: date-time */
            updated_at: string;
            subject: components["schemas"]["ProposalSubject"] | null;
        };
        Decided: {
            accepted: number;
            rejected: number;
            dismissed: number;
            skipped: string[];
            /** Format: uuid */
            job: string | null;
            jobs: string[];
        };
        Accepted: {
            /** Format: uuid */
            job: string;
            /** Format: uuid */
            record: string;
            /** Format: uuid */
            version: string | null;
            /** @enum {string} */
            state: "pending";
            message: string;
        };
        TaskAnswer: {
            answer: components["schemas"]["Json"];
            produced_by: string;
            model: string | null;
        };
        PreviewColumn: {
            header: string;
            field: string | null;
            sample: string[];
        };
        PreviewRow: {
            row: number;
            data: {
                [key: string]: components["schemas"]["Json"];
            };
        };
        RowCounts: {
            read: number;
            kept: number;
            skipped: number;
            warned: number;
        };
        ReportLine: {
            row?: number;
            column?: string;
            /** @enum {string} */
            level: "error" | "warning";
            code: string;
            message: string;
        };
        Preview: {
            /** @enum {string} */
            format: "csv" | "xls" | "xlsx" | "json" | "jsonl";
            columns: components["schemas"]["PreviewColumn"][];
            rows: components["schemas"]["PreviewRow"][];
            counts: components["schemas"]["RowCounts"];
            report: components["schemas"]["ReportLine"][];
            report_left_out: number;
        };
        SearchResult: {
            item: components["schemas"]["Record"];
            score: number;
            /** Format: uuid */
            version: string | null;
            /** Format: uuid */
            parent: string | null;
            title: string | null;
            parent_title: string | null;
        };
        SearchResults: {
            results: components["schemas"]["SearchResult"][];
            result_count: number;
            /** @enum {string} */
            method: "words" | "meaning" | "both";
            model: string | null;
        };
        JobError: {
            code: string;
            message: string;
        };
        Job: {
            /** Format: uuid */
            id: string;
            /** Format: uuid */
            tenant: string;
            /** Format: uuid */
            subject: string | null;
            kind: string;
            engine_kind: string;
            /** @enum {string} */
            state: "pending" | "running" | "completed" | "failed" | "cancelled";
            dead: boolean;
            progress: number;
            message: string | null;
            retry_count: number;
            result: components["schemas"]["Json"];
            error: components["schemas"]["JobError"] | null;
            created_by: string;
            /** Format: date-time */
            created_at: string;
            /** Format: date-time */
            started_at: string | null;
            /** Format: date-time */
            completed_at: string | null;
        };
        Schedules: {
            schedules: components["schemas"]["Schedule"][];
        };
        Schedule: {
            name: string;
            about: string;
            every: string;
            timezone: string;
            jitter_s: number;
            /** @enum {string} */
            missed: "skip" | "once" | "all";
            off_peak: string | null;
            does: components["schemas"]["ScheduleTarget"] | null;
            /** Format: date-time */
            paused_at: string | null;
            paused_by: string | null;
            late_s: number;
            next_runs: components["schemas"]["PlannedRun"][];
            last_run: components["schemas"]["PastRun"] | null;
            runs?: components["schemas"]["PastRun"][];
        };
        ScheduleTarget: {
            kind: string;
            name: string;
        };
        PlannedRun: {
            /** Format: date-time */
            planned_at: string;
            /** Format: date-time */
            due_at: string;
        };
        PastRun: {
            /** Format: date-time */
            planned_at: string;
            /** Format: date-time */
            due_at: string;
            /** Format: date-time */
            begun_at: string;
            late_s: number;
            /** @enum {string} */
            outcome: "begun" | "busy" | "nothing" | "missed";
            missed: number;
            jobs: components["schemas"]["JobOfRun"][];
            job_count: number;
            asked_by: string | null;
        };
        JobOfRun: {
            /** Format: uuid */
            id: string;
            /** @enum {string|null} */
            state: "pending" | "running" | "completed" | "failed" | "cancelled" | null;
        };
        ScheduleRun: {
            schedule: string;
            /** @enum {string} */
            outcome: "begun" | "busy" | "nothing" | "missed";
            jobs: string[];
        };
        Progress: {
            progress: string;
            of: string;
            from: string | null;
            to: string | null;
            count: number;
            owners: number;
            /** Format: date-time */
            first_at: string | null;
            /** Format: date-time */
            last_at: string | null;
            overall: components["schemas"]["ProgressNumbers"];
            criteria: {
                [key: string]: components["schemas"]["ProgressNumbers"];
            };
            periods: components["schemas"]["ProgressPeriods"];
            points: components["schemas"]["ProgressPoint"][];
            recurring: {
                [key: string]: components["schemas"]["ProgressText"][];
            };
            cached: boolean;
            /** Format: date-time */
            calculated_at: string;
            /** Format: date-time */
            expires_at: string;
        };
        ProgressNumbers: {
            count: number;
            mean: number | null;
            least: number | null;
            most: number | null;
            latest: number | null;
            change: number | null;
            slope_30_days: number | null;
        };
        ProgressPeriods: {
            week: components["schemas"]["ProgressPeriod"][];
            month: components["schemas"]["ProgressPeriod"][];
            quarter: components["schemas"]["ProgressPeriod"][];
        };
        ProgressPeriod: {
            from: string;
            count: number;
            mean: number | null;
            criteria: {
                [key: string]: number;
            };
        };
        ProgressText: {
            text: string;
            count: number;
            /** Format: date-time */
            last_at: string;
        };
        ProgressEntry: {
            title: string;
            of: string;
            has_criteria: boolean;
            has_comment: boolean;
            recurring: string[];
        };
        ProgressComment: {
            progress: string;
            of: string;
            count: number;
            /** Format: date-time */
            last_at: string | null;
            language: string;
            comment: string;
            provider: string;
            model: string | null;
        };
        QuestionsEntry: {
            title: string;
            about: string;
        };
        ReportEntry: {
            title: string;
            of: string;
        };
        ProgressPoint: {
            /** Format: uuid */
            record: string;
            /** Format: date-time */
            at: string;
            overall: number;
        };
        Archive: {
            /** Format: uuid */
            id: string;
            /** Format: uuid */
            tenant: string;
            collection: string;
            /** @enum {string|null} */
            place: "database" | "directory" | "s3" | null;
            record_count: number;
            row_count: number;
            brought_back: number;
            size_bytes: number;
            sha256: string;
            /** Format: date-time */
            oldest_at: string;
            /** Format: date-time */
            newest_at: string;
            /** Format: uuid */
            job: string;
            created_by: string;
            /** Format: date-time */
            created_at: string;
        };
        ArchiveAccepted: {
            /** Format: uuid */
            job: string;
            /** Format: uuid */
            archive: string | null;
            /** @enum {string} */
            state: "pending";
            message: string;
        };
        Deprecations: {
            deprecations: components["schemas"]["Deprecation"][];
        };
        Deprecation: {
            route: string;
            operation: string;
            /** Format: date-time */
            since: string;
            /** Format: date-time */
            sunset: string | null;
            is_gone: boolean;
            use: string | null;
            calls: number;
            calls_since_gone: number;
            client_count: number;
            clients: components["schemas"]["DeprecatedClient"][];
        };
        DeprecatedClient: {
            /** @enum {string} */
            kind: "user" | "key" | "nobody" | "others";
            client: string;
            calls: number;
            gone: number;
            /** Format: date-time */
            first_at: string;
            /** Format: date-time */
            last_at: string;
        };
        AuditDetails: {
            subject: string;
            before: components["schemas"]["Json"];
            after: components["schemas"]["Json"];
            why: string | null;
            address: string | null;
            request_id: string | null;
        };
        AuditEntry: {
            id: string;
            /** Format: uuid */
            tenant: string;
            seq: number;
            /** Format: date-time */
            at: string;
            actor: string;
            action: string;
            engine_action: string;
            subject: string;
            /** Format: uuid */
            record: string | null;
            /** Format: uuid */
            version: string | null;
            summary: string;
            details: components["schemas"]["AuditDetails"];
            tokens_used: number | null;
        };
        AuditBreak: {
            seq: number;
            fault: string;
        };
        AuditChain: {
            tenant: string;
            rows: number;
            head: string;
            broken: components["schemas"]["AuditBreak"] | null;
        };
        AuditReport: {
            whole: boolean;
            rows: number;
            chains: components["schemas"]["AuditChain"][];
        };
        Usage: {
            id: string;
            asked: string;
            /** Format: uuid */
            tenant: string;
            /** Format: uuid */
            job: string | null;
            caller: string | null;
            key: string | null;
            operation: string;
            operation_type: string;
            task: string | null;
            provider: string;
            model: string;
            tokens_in: number;
            tokens_out: number;
            tokens_total: number;
            tokens_cached: number;
            estimated: boolean;
            cost_usd: number | null;
            prices: string | null;
            from_cache: boolean;
            latency_ms: number;
            ttft_ms: number | null;
            outcome: components["schemas"]["UsageOutcome"];
            status: number | null;
            /** Format: date-time */
            at: string;
        };
        UsageSums: {
            total_tokens: number;
            tokens_in: number;
            tokens_out: number;
            total_cost_usd: number;
            unknown_cost_count: number;
            operations_count: number;
            attempts_count: number;
        };
        UsagePart: {
            name: string;
            total_tokens: number;
            tokens_in: number;
            tokens_out: number;
            total_cost_usd: number;
            unknown_cost_count: number;
            operations_count: number;
            attempts_count: number;
        };
        UsageSummary: {
            /** Format: date-time */
            from: string;
            /** Format: date-time */
            to: string;
            /** @enum {string} */
            group_by: "operation" | "model" | "provider" | "day" | "month" | "tenant" | "key" | "task";
            summary: components["schemas"]["UsageSums"];
            breakdown: components["schemas"]["UsagePart"][];
        };
        Models: {
            configured: boolean;
            priorities: components["schemas"]["ModelPriorities"];
            embedding: string | null;
            aliases: components["schemas"]["ModelAlias"][];
            fallbacks: components["schemas"]["ModelFallback"][];
            providers: components["schemas"]["ModelProvider"][];
            cache: components["schemas"]["ModelCache"];
        };
        ModelPriorities: {
            speed: string | null;
            balanced: string | null;
            accuracy: string | null;
        };
        ModelAlias: {
            name: string;
            target: string;
        };
        ModelFallback: {
            name: string;
            targets: string[];
        };
        ModelCache: {
            is_on: boolean;
            ttl_s: number;
            entries: number;
            bytes: number;
            bytes_max: number;
            hits: number;
            misses: number;
        };
        ModelProvider: {
            name: string;
            kind: string;
            base_url: string | null;
            has_key: boolean;
            /** @enum {string} */
            state: "never_used" | "ok" | "failing";
            /** Format: date-time */
            at: string | null;
            /** Format: date-time */
            since: string | null;
            why: string | null;
            /** @enum {string} */
            breaker: "closed" | "open" | "half_open";
            /** Format: date-time */
            retry_at: string | null;
            failures: number;
            in_flight: number;
            concurrency: number;
            models: components["schemas"]["ProviderModel"][];
        };
        ProviderModel: {
            model: string;
            /** @enum {string} */
            breaker: "closed" | "open" | "half_open";
            /** Format: date-time */
            retry_at: string | null;
            failures: number;
        };
        ModelTests: {
            tests: components["schemas"]["ModelTest"][];
        };
        ModelTest: {
            model: string | null;
            provider: string;
            ok: boolean;
            latency_ms: number;
            ttft_ms: number | null;
            tokens_in: number;
            tokens_out: number;
            cost_usd: number | null;
            error: components["schemas"]["ModelTestError"] | null;
        };
        ModelTestError: {
            code: string;
            message: string;
            hint: string | null;
        };
        PriceTable: {
            version: string;
            prices: components["schemas"]["Price"][];
        };
        Price: {
            model: string;
            input_per_million_usd: number;
            output_per_million_usd: number;
            cached_per_million_usd: number | null;
            cache_written_per_million_usd: number | null;
            cache_written_1h_per_million_usd?: number;
            reasoning_per_million_usd: number | null;
            audio_input_per_million_usd?: number;
            audio_output_per_million_usd?: number;
            per_request_usd: number;
            per_web_search_usd?: number;
            batch_percent: number | null;
            flex_percent?: number;
            priority_percent?: number;
            tiers: components["schemas"]["PriceTier"][];
            since: string | null;
        };
        PriceTier: {
            above_tokens: number;
            input_per_million_usd: number;
            output_per_million_usd: number;
            cached_per_million_usd: number | null;
            cache_written_per_million_usd: number | null;
            cache_written_1h_per_million_usd?: number;
            reasoning_per_million_usd: number | null;
            audio_input_per_million_usd?: number;
            audio_output_per_million_usd?: number;
        };
        ModelLimits: {
            limits: components["schemas"]["ModelLimit"][];
            request_limit_usd: number | null;
        };
        ModelLimit: {
            /** @enum {string} */
            per: "provider" | "model" | "tenant" | "key";
            match: string | null;
            requests_per_minute: number | null;
            tokens_per_minute: number | null;
            concurrency: number | null;
            used: components["schemas"]["LimitUse"][];
        };
        LimitUse: {
            id: string;
            requests: number | null;
            tokens: number | null;
            in_flight: number;
        };
        ModelQueue: {
            depth: number;
            depth_max: number;
            wait_max_s: number;
            waiting: components["schemas"]["QueueWaiting"][];
        };
        QueueWaiting: {
            /** Format: uuid */
            tenant: string;
            /** @enum {string} */
            priority: "high" | "normal" | "low";
            count: number;
            longest_ms: number;
        };
        Budgets: {
            budgets: components["schemas"]["BudgetStanding"][];
        };
        BudgetStanding: {
            name: string;
            /** @enum {string} */
            scope: "whole" | "tenant" | "key" | "task";
            match: string | null;
            id: string;
            /** @enum {string} */
            period: "day" | "month";
            limit_usd: number | null;
            limit_tokens: number | null;
            warn_at: number;
            /** @enum {string} */
            at_limit: "refuse" | "downgrade";
            downgrade_to: string | null;
            is_set: boolean;
            /** @enum {string} */
            unit: "usd" | "tokens";
            spent: number;
            leased: number;
            in_flight: number;
            limit: number;
            used_ratio: number;
            /** Format: date-time */
            starts_at: string;
            /** Format: date-time */
            resets_at: string;
        };
        BudgetSet: {
            name: string;
            /** @enum {string} */
            scope: "whole" | "tenant" | "key" | "task";
            match: string | null;
            /** @enum {string} */
            period: "day" | "month";
            limit_usd: number | null;
            limit_tokens: number | null;
            warn_at: number;
            /** @enum {string} */
            at_limit: "refuse" | "downgrade";
            downgrade_to: string | null;
        };
        BudgetEvents: {
            events: components["schemas"]["BudgetEvent"][];
        };
        BudgetEvent: {
            budget: string;
            id: string;
            /** @enum {string} */
            kind: "warned" | "reached";
            /** Format: date-time */
            at: string;
            /** Format: date-time */
            starts_at: string;
            /** @enum {string} */
            unit: "usd" | "tokens";
            spent: number;
            limit: number;
        };
        Webhook: {
            /** Format: uuid */
            id: string;
            /** Format: uuid */
            tenant: string;
            url: string;
            events: string[];
            description: string | null;
            is_active: boolean;
            created_by: string;
            /** Format: date-time */
            created_at: string;
            /** Format: date-time */
            updated_at: string;
        };
        WebhookWithSecret: {
            /** Format: uuid */
            id: string;
            /** Format: uuid */
            tenant: string;
            url: string;
            secret: string;
            events: string[];
            description: string | null;
            is_active: boolean;
            created_by: string;
            /** Format: date-time */
            created_at: string;
            /** Format: date-time */
            updated_at: string;
        };
        Delivery: {
            /** Format: uuid */
            id: string;
            /** Format: uuid */
            webhook: string;
            event: string;
            payload: components["schemas"]["Json"];
            /** @enum {string} */
            state: "pending" | "delivered" | "failed";
            attempts: number;
            answer_status: number | null;
            error: string | null;
            latency_ms: number | null;
            /** Format: date-time */
            created_at: string;
            /** Format: date-time */
            attempted_at: string | null;
            /** Format: date-time */
            delivered_at: string | null;
        };
        Prompt: {
            name: string;
            version: number;
            text: string;
            variables: string[];
            is_active: boolean;
            /** Format: date-time */
            created_at: string;
        };
        Configuration: {
            documents: components["schemas"]["ConfigurationLine"][];
        };
        ConfigurationLine: {
            name: string;
            title: string;
            about: string;
            /** @enum {string|null} */
            category: "business_logic" | "system_security" | "components" | "infrastructure" | "operations" | null;
            file: string;
            is_given: boolean;
            is_typed: boolean;
            has_schema: boolean;
            checksum: string | null;
            version: number;
            newest_version: number;
            set_aside: number | null;
            waits_for_start: boolean;
            /** @enum {string} */
            acts: "now" | "next_start";
        };
        ConfigurationDocument: {
            name: string;
            title: string;
            about: string;
            /** @enum {string|null} */
            category: "business_logic" | "system_security" | "components" | "infrastructure" | "operations" | null;
            file: string;
            is_given: boolean;
            is_typed: boolean;
            has_schema: boolean;
            checksum: string | null;
            version: number;
            newest_version: number;
            set_aside: number | null;
            waits_for_start: boolean;
            /** @enum {string} */
            acts: "now" | "next_start";
            content: string | null;
            newest: string | null;
            hidden: string[];
            given: components["schemas"]["Json"];
            in_force: components["schemas"]["Json"];
            schema: components["schemas"]["Json"];
        };
        ConfigurationReport: {
            is_valid: boolean;
            errors: number;
            warnings: number;
            faults: components["schemas"]["ConfigurationFault"][];
        };
        ConfigurationFault: {
            file: string;
            line: number;
            column: number;
            /** @enum {string} */
            level: "error" | "warning";
            code: string;
            message: string;
            hint?: string;
        };
        ConfigurationChange: {
            config: string;
            version: number;
            changed: boolean;
            applied: boolean;
            /** @enum {string|null} */
            acts: "now" | "next_start" | null;
            is_valid: boolean;
            errors: number;
            warnings: number;
            faults: components["schemas"]["ConfigurationFault"][];
        };
        ConfigurationVersion: {
            config: string;
            version: number;
            in_force: boolean;
            /** @enum {string} */
            origin: "set" | "revert" | "import";
            reason: string;
            is_valid: boolean;
            faults: components["schemas"]["ConfigurationFault"][];
            old: string | null;
            new: string | null;
            created_by: string;
            /** Format: date-time */
            created_at: string;
        };
        ConfigurationImport: {
            imported: number;
            applied: boolean;
            hot_reloaded: string[];
            validated_only: boolean;
            results: components["schemas"]["ConfigurationResult"][];
            is_valid: boolean;
            errors: number;
            warnings: number;
            faults: components["schemas"]["ConfigurationFault"][];
        };
        ConfigurationResult: {
            config: string | null;
            file: string;
            /** @enum {string} */
            outcome: "imported" | "valid" | "unchanged" | "refused" | "left_out" | "unknown";
            version: number | null;
            /** @enum {string|null} */
            acts: "now" | "next_start" | null;
            faults: components["schemas"]["ConfigurationFault"][];
        };
        Frontend: {
            theme: string;
            language: string | null;
            chars_max: number | null;
            autosave: string;
            session_warning: string;
            request_timeout: string;
            poll: string;
            features: {
                [key: string]: boolean;
            };
            texts: {
                [key: string]: components["schemas"]["Json"];
            };
            own?: components["schemas"]["Json"];
            documents?: {
                [key: string]: components["schemas"]["Json"];
            };
        };
        Schema: {
            $schema?: string;
            title?: string;
            description?: string;
            examples?: components["schemas"]["Json"][];
            default?: components["schemas"]["Json"];
            type?: string | string[];
            enum?: components["schemas"]["Json"][];
            const?: components["schemas"]["Json"];
            format?: string;
            pattern?: string;
            minLength?: number;
            maxLength?: number;
            minimum?: number;
            maximum?: number;
            exclusiveMinimum?: number;
            exclusiveMaximum?: number;
            multipleOf?: number;
            properties?: {
                [key: string]: components["schemas"]["Schema"];
            };
            required?: string[];
            additionalProperties?: boolean | components["schemas"]["Schema"];
            items?: components["schemas"]["Schema"];
            minItems?: number;
            maxItems?: number;
            uniqueItems?: boolean;
            readOnly?: boolean;
        };
        TenantKind: {
            noun: string;
            plural: string;
            schema: components["schemas"]["Schema"];
            restore_days: number;
        };
        RoleName: {
            role: components["schemas"]["Role"];
            /** @enum {string} */
            tenants: "all" | "one";
            about: string;
        };
        ImportRules: {
            formats: string[];
            max_bytes: number;
            max_rows: number;
            columns: {
                [key: string]: string[];
            };
            required: string[];
        };
        ExportRules: {
            formats: string[];
            columns: string[];
        };
        Versioning: {
            children: string;
        };
        Collection: {
            noun: string;
            plural: string;
            title: string;
            columns: string[];
            filters: string[];
            sorts: string[];
            order: string | null;
            schema: components["schemas"]["Schema"];
            parent: string | null;
            shared: boolean;
            private: boolean;
            archived: boolean;
            searchable: boolean;
            unique: string[][];
            versioned: components["schemas"]["Versioning"] | null;
            import: components["schemas"]["ImportRules"] | null;
            export: components["schemas"]["ExportRules"] | null;
            references: {
                [key: string]: string;
            };
            documents: {
                [key: string]: components["schemas"]["Schema"];
            };
        };
        Proposing: {
            categories: string[];
        };
        Task: {
            title: string;
            about: string;
            on: string;
            /** @enum {string|null} */
            run: "job" | "now" | null;
            input: components["schemas"]["Schema"] | null;
            /** @enum {string|null} */
            makes: "version" | null;
            proposes: components["schemas"]["Proposing"] | null;
            has_fallback: boolean;
            text: string | null;
            result: string | null;
            computed: string[];
        };
        PageEntry: {
            collection: string;
            title: string | null;
        };
        ModelsInUse: {
            complete: string | null;
            embed: string | null;
        };
        Application: {
            app: string;
            title: string;
            about: string;
            version: string;
            prefix: string;
            tenants: components["schemas"]["TenantKind"] | null;
            roles: {
                [key: string]: components["schemas"]["RoleName"];
            };
            collections: {
                [key: string]: components["schemas"]["Collection"];
            };
            tasks: {
                [key: string]: components["schemas"]["Task"];
            };
            assistants: {
                [key: string]: components["schemas"]["AssistantEntry"];
            };
            questions: {
                [key: string]: components["schemas"]["QuestionsEntry"];
            };
            progress: {
                [key: string]: components["schemas"]["ProgressEntry"];
            };
            reports: {
                [key: string]: components["schemas"]["ReportEntry"];
            };
            sources: string[];
            lookups: string[];
            schedules: string[];
            languages: string[];
            has_deprecations: boolean;
            uploads: components["schemas"]["UploadLimits"];
            sign_up: boolean;
            /** @enum {string} */
            sign_in: "email" | "username";
            webhook_events: string[];
            pages: components["schemas"]["PageEntry"][];
            model: components["schemas"]["ModelsInUse"];
        };
        HealthCheck: {
            /** @enum {string} */
            status: "healthy" | "degraded" | "unhealthy";
            latency_ms?: number;
            message?: string;
        };
        Health: {
            /** @enum {string} */
            status: "healthy" | "degraded" | "unhealthy";
            /** Format: date-time */
            timestamp: string;
            version: string;
            checks: {
                [key: string]: components["schemas"]["HealthCheck"];
            };
            services?: components["schemas"]["HealthServices"];
            metrics?: components["schemas"]["HealthNumbers"];
            providers?: {
                [key: string]: "available" | "unavailable";
            };
        };
        HealthServices: {
            /** @enum {string} */
            api: "healthy" | "degraded";
            /** @enum {string} */
            websocket: "healthy" | "degraded";
            /** @enum {string|null} */
            database: "healthy" | "degraded" | "unhealthy" | null;
            /** @enum {string|null} */
            vector_engine: "healthy" | "degraded" | "unhealthy" | null;
            /** @enum {string|null} */
            models: "healthy" | "degraded" | "unhealthy" | null;
            /** @enum {string} */
            cache: "on" | "off";
        };
        HealthNumbers: {
            uptime_seconds: number;
            requests: number;
            websockets_open: number;
            answers_running: number;
        };
        Liveness: {
            status: string;
            uptime_seconds: number;
        };
        Readiness: {
            /** @enum {string} */
            status: "starting" | "ready" | "draining";
        };
        QueueCounts: {
            pending: number;
            running: number;
            completed: number;
            failed: number;
            cancelled: number;
            dead: number;
        };
        RequestCounts: {
            total: number;
            errors: number;
        };
        SpentOnModels: {
            spent_today_usd: number;
            spent_month_usd: number;
            unknown_cost_count: number;
            tokens_today: number;
        };
        Stats: {
            version: string;
            /** Format: date-time */
            timestamp: string;
            /** Format: date-time */
            started_at: string;
            uptime_seconds: number;
            queue?: components["schemas"]["QueueCounts"] | null;
            counts?: {
                [key: string]: number;
            } | null;
            models?: components["schemas"]["SpentOnModels"] | null;
            documents?: components["schemas"]["DocumentCounts"] | null;
            assistants?: components["schemas"]["AssistantCounts"] | null;
            cache?: components["schemas"]["CacheCounts"] | null;
            sockets?: components["schemas"]["SocketCounts"] | null;
            requests?: components["schemas"]["RequestCounts"] | null;
            health?: components["schemas"]["HealthInShort"] | null;
            unavailable?: {
                [key: string]: string;
            };
        };
        HealthInShort: {
            /** @enum {string} */
            status: "healthy" | "degraded" | "unhealthy";
            message: string;
            vector_engine_available: boolean | null;
            uptime_hours: number;
        };
        LogRecord: {
            /** Format: date-time */
            timestamp: string;
            /** @enum {string} */
            level: "ERROR" | "WARN" | "INFO" | "DEBUG" | "TRACE";
            message: string;
            service: string;
            target: string;
            request_id: string | null;
            client_id: string | null;
            user_id: string | null;
            context: {
                [key: string]: components["schemas"]["Json"];
            };
        };
        LogLine: {
            number: number;
            line: components["schemas"]["LogRecord"];
        };
        RouteLine: {
            method: string;
            path: string;
            operation: string;
            permission: components["schemas"]["Permission"];
            declared: boolean;
        };
        DatabaseFacts: {
            /** @enum {string} */
            dialect: "sqlite" | "postgres";
            answers: boolean;
        };
        ChatCompletion: {
            id: string;
            /** @enum {string} */
            object: "chat.completion";
            created: number;
            model: string;
            choices: {
                [key: string]: components["schemas"]["Json"];
            }[];
            usage?: {
                [key: string]: components["schemas"]["Json"];
            } | null;
        };
        ModelResponse: {
            id: string;
            object: string;
            created_at: number;
            model: string;
            status: string;
            output: {
                [key: string]: components["schemas"]["Json"];
            }[];
            usage?: {
                [key: string]: components["schemas"]["Json"];
            } | null;
        };
        EmbeddingList: {
            object: string;
            model: string;
            data: {
                [key: string]: components["schemas"]["Json"];
            }[];
            usage: {
                [key: string]: components["schemas"]["Json"];
            };
        };
        AnthropicMessage: {
            id: string;
            type: string;
            role: string;
            model: string;
            content: {
                [key: string]: components["schemas"]["Json"];
            }[];
            stop_reason: string | null;
            stop_sequence: string | null;
            usage: {
                [key: string]: components["schemas"]["Json"];
            };
        };
        TokenCount: {
            input_tokens: number;
        };
        ModelList: {
            object: string;
            data: components["schemas"]["ListedModel"][];
        };
        ListedModel: {
            id: string;
            object: string;
            created: number;
            owned_by: string;
        };
        AnthropicModelList: {
            data: components["schemas"]["AnthropicModel"][];
            has_more: boolean;
            first_id: string | null;
            last_id: string | null;
        };
        AnthropicModel: {
            /** @enum {string} */
            type: "model";
            id: string;
            display_name: string;
            /** Format: date-time */
            created_at: string;
        };
        OpenaiError: {
            error: components["schemas"]["OpenaiFault"];
            gateway?: components["schemas"]["GatewayFacts"];
        };
        OpenaiFault: {
            message: string;
            type: string;
            param: string | null;
            code: components["schemas"]["Json"];
        };
        GatewayFacts: {
            request_id?: string;
            provider?: string;
            attempts?: number;
            retry_after_ms?: number;
            upstream_type?: string;
            param?: string;
            code?: string;
        };
        AnthropicError: {
            /** @enum {string} */
            type: "error";
            error: components["schemas"]["AnthropicFault"];
            request_id?: string | null;
            gateway?: components["schemas"]["GatewayFacts"];
        };
        AnthropicFault: {
            type: string;
            message: string;
            details?: components["schemas"]["AnthropicDetails"];
        };
        AnthropicDetails: {
            error_code: string;
        };
        OpenApi: {
            openapi: string;
            info: {
                [key: string]: components["schemas"]["Json"];
            };
            tags: components["schemas"]["Json"][];
            paths: {
                [key: string]: components["schemas"]["Json"];
            };
            components: {
                [key: string]: components["schemas"]["Json"];
            };
            security: components["schemas"]["Json"][];
            "x-errors": components["schemas"]["Json"][];
            "x-application-errors"?: components["schemas"]["Json"][];
        };
        AssistantEntry: {
            title: string;
            about: string;
            documents: boolean;
        };
        UploadLimits: {
            enabled: boolean;
            bytes_max: number;
            kinds: string[];
        };
        Document: {
            /** Format: uuid */
            id: string;
            title: string;
            summary: string | null;
            metadata: {
                [key: string]: components["schemas"]["Json"];
            };
            tags: string[];
            /** @enum {string} */
            origin: "upload" | "text" | "page" | "site";
            url: string | null;
            file_name: string | null;
            kind: string;
            media_type: string;
            size_bytes: number;
            owner: string;
            /** Format: uuid */
            chat: string | null;
            shared: boolean;
            /** @enum {string} */
            state: "pending" | "extracting" | "embedding" | "ready" | "failed";
            reason: components["schemas"]["DocumentReason"] | null;
            progress: number;
            verdict: components["schemas"]["Json"];
            pages: number;
            chars: number;
            chunks: number;
            chunks_deduped: number;
            vectors: number;
            vectors_reused: number;
            model: string | null;
            dimensions: number | null;
            /** Format: uuid */
            job: string;
            /** Format: date-time */
            created_at: string;
            /** Format: date-time */
            updated_at: string;
            /** Format: uuid */
            same_as?: string | null;
            existed?: boolean;
        };
        DocumentReason: {
            code: string;
            message: string;
        };
        DocumentContent: {
            /** Format: uuid */
            id: string;
            title: string;
            state: string;
            content: string;
            from_char: number;
            to_char: number;
            chars: number;
            pages: components["schemas"]["DocumentPage"][];
        };
        DocumentPage: {
            page: number;
            start_char: number;
            end_char: number;
        };
        SiteAccepted: {
            /** Format: uuid */
            job: string;
            /** @enum {string} */
            state: "pending";
            message: string;
        };
        DocumentResults: {
            results: components["schemas"]["DocumentResult"][];
            result_count: number;
            engine: string;
            /** @enum {string} */
            mode: "hybrid" | "semantic" | "lexical";
            model: string | null;
            degraded: string | null;
        };
        DocumentResult: {
            document: components["schemas"]["DocumentHead"];
            score: number;
            semantic: number | null;
            lexical: number | null;
            page: number | null;
            excerpt: string;
            passages: components["schemas"]["Passage"][];
        };
        DocumentHead: {
            /** Format: uuid */
            id: string;
            title: string;
            url: string | null;
        };
        Passage: {
            /** Format: uuid */
            chunk: string;
            page: number | null;
            start_char: number;
            end_char: number;
            text: string;
            score: number;
            semantic: number | null;
            lexical: number | null;
        };
        Assistant: {
            name: string;
            title: string;
            about: string;
            documents: boolean;
            collections: string[];
            on: string | null;
            own_prompt_chars: number;
            question_chars: number;
            web: boolean;
            quotes: boolean;
        };
        OwnPrompt: {
            assistant: string;
            system_prompt: string | null;
            is_own: boolean;
            /** Format: date-time */
            updated_at: string | null;
            chars_max: number;
        };
        Chat: {
            /** Format: uuid */
            id: string;
            /** Format: uuid */
            tenant: string;
            assistant: string;
            /** Format: uuid */
            record: string | null;
            title: string;
            is_named: boolean;
            /** Format: date-time */
            created_at: string;
            /** Format: date-time */
            updated_at: string;
            /** Format: uuid */
            run: string | null;
        };
        Citation: {
            number: number;
            /** @enum {string} */
            type: "web" | "rag";
            title: string;
            url: string | null;
            /** Format: uuid */
            doc_id: string | null;
            /** Format: uuid */
            chunk_id: string | null;
            /** Format: uuid */
            record_id: string | null;
            page: number | null;
            start_char: number | null;
            end_char: number | null;
            score: number;
        };
        Source: {
            number: number;
            /** @enum {string} */
            type: "web" | "rag";
            title: string;
            url: string | null;
            /** Format: uuid */
            doc_id: string | null;
            /** Format: uuid */
            chunk_id: string | null;
            /** Format: uuid */
            record_id: string | null;
            page: number | null;
            start_char: number | null;
            end_char: number | null;
            score: number;
            excerpt: string;
        };
        Message: {
            /** Format: uuid */
            id: string;
            /** Format: uuid */
            chat_id: string;
            /** @enum {string} */
            role: "system" | "user" | "assistant";
            content: string;
            /** @enum {string} */
            state: "whole" | "interrupted";
            model_used: string | null;
            tokens_used: number | null;
            metadata: {
                [key: string]: components["schemas"]["Json"];
            };
            sources: components["schemas"]["Source"][];
            citations: components["schemas"]["Citation"][];
            followups: string[];
            /** Format: uuid */
            run: string | null;
            /** Format: date-time */
            created_at: string;
        };
        ChatExport: {
            chat: components["schemas"]["Chat"];
            messages: components["schemas"]["Message"][];
            /** Format: date-time */
            exported_at: string;
        };
        ChatDeleted: {
            deleted: boolean;
            /** Format: uuid */
            chat_id: string;
            documents_deleted: number;
        };
        ChatAnswer: {
            /** Format: uuid */
            chat_id: string | null;
            /** Format: uuid */
            run: string;
            request_id: string;
            question_message: components["schemas"]["Message"] | null;
            answer_message: components["schemas"]["Message"] | null;
            model_used: string | null;
            tokens_used: number | null;
            input_truncated: boolean;
            original_question_length: number;
            used_question_length: number;
            citations: components["schemas"]["Citation"][];
            followups: string[];
            context_used: components["schemas"]["ContextUsed"] | null;
            confidence: number;
            quoting: boolean;
        };
        OneAnswer: {
            answer: string;
            confidence: number;
            sources_used: number;
            citations: components["schemas"]["Citation"][];
            followups: string[];
            context_used: components["schemas"]["ContextUsed"] | null;
            model_used: string | null;
            tokens_used: number | null;
            quoting: boolean;
            request_id: string;
            input_truncated: boolean;
            processing_time_s: number;
        };
        ContextUsed: {
            /** Format: uuid */
            record: string;
            /** Format: uuid */
            parent: string | null;
            earlier: number;
        };
        AnswerEvent: {
            stage?: string;
            rag_enabled?: boolean;
            documents_attached?: boolean;
            engine?: string | null;
            mode?: string;
            returned?: number;
            top_k?: number;
            min_score?: number;
            degraded?: string;
            progress?: number;
            message?: string;
            total_web_results?: number;
            sources?: components["schemas"]["Json"][];
            count?: number;
            list?: components["schemas"]["Citation"][];
            /** Format: uuid */
            question_message_id?: string | null;
            /** Format: uuid */
            answer_message_id?: string | null;
            /** Format: uuid */
            chat_id?: string | null;
            request_id?: string;
            model_used?: string | null;
            quoting?: boolean;
            content?: string;
            prompt_tokens?: number;
            completion_tokens?: number;
            total_tokens?: number;
            cost_usd?: number | null;
            estimated?: boolean;
            tokens_used?: number | null;
            full_content_len?: number;
            input_truncated?: boolean;
            original_question_length?: number;
            used_question_length?: number;
            citations?: components["schemas"]["Citation"][];
            followups?: string[];
            context_used?: components["schemas"]["ContextUsed"] | null;
            confidence?: number;
            /** @enum {string} */
            finish?: "stop" | "length";
            code?: string;
            status_code?: number;
            retry_after_s?: number | null;
            state?: string;
            model?: string | null;
            error?: string;
        };
        Questions: {
            name: string;
            title: string;
            about: string;
            languages: string[];
            tables: string[];
            categories: string[];
            question_chars: number;
            keep_days: number;
            comments: boolean;
        };
        LanguageGuess: {
            detected_language: string;
            confidence: number;
            /** @enum {string} */
            detection_method: "words" | "letters";
        };
        LanguageDetection: {
            detected_language: string;
            confidence: number;
            /** @enum {string} */
            detection_method: "words" | "letters" | "words+letters";
            fallback_used: boolean;
            alternatives: components["schemas"]["LanguageGuess"][];
        };
        Languages: {
            languages: string[];
            usual: string;
            methods: string[];
            threshold: number;
            known: string[];
        };
        QuestionResult: {
            columns: string[];
            rows: components["schemas"]["Json"][];
            row_count: number;
            is_cut: boolean;
        };
        QuestionAnswer: {
            answered: boolean;
            answer: string | null;
            is_phrased: boolean;
            error: string | null;
            error_code: string | null;
            reformulated: string | null;
            context_exceeded: boolean;
            followups: string[];
            /** Format: uuid */
            conversation: string | null;
            /** Format: uuid */
            turn: string | null;
            language: string;
            language_detection: components["schemas"]["LanguageDetection"];
            category: string | null;
            result: components["schemas"]["QuestionResult"] | null;
            from_cache: boolean;
            model_used: string | null;
            tokens_used: number;
            response_ms: number;
        };
        QuestionCategory: {
            title: string;
            description: string;
            questions: string[];
        };
        InitialQuestions: {
            language: string;
            categories: {
                [key: string]: components["schemas"]["QuestionCategory"];
            };
        };
        FollowUps: {
            followups: string[];
            language: string;
            model_used: string | null;
            tokens_used: number;
        };
        AnswerComment: {
            comment: string;
            /** Format: uuid */
            record: string;
            language: string;
            model_used: string | null;
            tokens_used: number;
        };
        QuestionPerformance: {
            /** Format: uuid */
            id: string;
            /** Format: uuid */
            tenant: string;
            questions: string;
            asked_by: string;
            question: string;
            was_answered: boolean;
            error: string | null;
            category: string | null;
            language: string;
            response_ms: number;
            tokens_used: number;
            from_cache: boolean;
            /** Format: date-time */
            at: string;
        };
        Conversation: {
            /** Format: uuid */
            id: string;
            /** Format: uuid */
            tenant: string;
            questions: string;
            title: string;
            /** Format: date-time */
            created_at: string;
            /** Format: date-time */
            updated_at: string;
            /** Format: date-time */
            expires_at: string;
        };
        ConversationTurn: {
            /** Format: uuid */
            id: string;
            /** Format: uuid */
            conversation: string;
            seq: number;
            question: string;
            answer: string;
            followups: string[];
            language: string;
            result: components["schemas"]["QuestionResult"];
            from_cache: boolean;
            /** Format: date-time */
            created_at: string;
        };
        Analysis: {
            analysis_type: string;
            /** Format: uuid */
            record_id: string | null;
            text: string | null;
            language: string;
            result: components["schemas"]["Json"];
            provider: string;
            model: string | null;
            prompt_version: string | null;
            tokens_in: number;
            tokens_out: number;
            cost_usd: number | null;
            latency_ms: number;
            /** Format: uuid */
            id?: string;
            /** Format: date-time */
            created_at?: string;
        };
        AnalysisAccepted: {
            /** Format: uuid */
            job: string;
            /** @enum {string} */
            state: "pending";
            message: string;
        };
        Result: {
            /** Format: uuid */
            id: string;
            task: string;
            /** Format: uuid */
            submission: string | null;
            text: string | null;
            version: number | null;
            /** @enum {string} */
            status: "queued" | "processing" | "completed" | "failed";
            progress: number;
            message: string | null;
            error: components["schemas"]["JobError"] | null;
            language_detection?: components["schemas"]["ResultLanguage"];
            provider?: string | null;
            model?: string | null;
            prompt_version?: string | null;
            tokens_in?: number;
            tokens_out?: number;
            cost_usd?: number | null;
            processing_time_s?: number;
            debug_enabled?: boolean;
            created_by: string;
            /** Format: date-time */
            created_at: string;
            /** Format: date-time */
            completed_at: string | null;
        };
        ResultLanguage: {
            detected_language: string;
            confidence: number;
            /** @enum {string} */
            detection_method: "words" | "letters" | "words+letters";
            fallback_used: boolean;
        };
        ResultStanding: {
            /** Format: uuid */
            id: string;
            /** @enum {string} */
            status: "queued" | "processing" | "completed" | "failed";
            progress: number;
            message: string | null;
            error: components["schemas"]["JobError"] | null;
            /** Format: date-time */
            estimated_completion: string | null;
            /** Format: date-time */
            created_at: string;
            /** Format: date-time */
            completed_at: string | null;
        };
        ResultRaw: {
            /** Format: uuid */
            result: string;
            raw_prompt: components["schemas"]["RawPrompt"];
            raw_response: string;
            /** Format: date-time */
            created_at: string;
        };
        RawPrompt: {
            system: string | null;
            user: string;
        };
        DebugMode: {
            enabled: boolean;
            changed_by: string | null;
            /** Format: date-time */
            changed_at: string | null;
        };
        Feedback: {
            /** Format: uuid */
            subject: string;
            /** @enum {string} */
            kind: "result" | "message";
            task: string;
            prompt_version: string | null;
            /** @enum {string} */
            verdict: "up" | "down";
            words: string | null;
            given_by: string;
            /** Format: date-time */
            created_at: string;
            /** Format: date-time */
            updated_at: string;
        };
        FeedbackSummary: {
            tasks: components["schemas"]["FeedbackOfTask"][];
        };
        FeedbackOfTask: {
            task: string;
            /** @enum {string} */
            kind: "result" | "message";
            prompt_version: string | null;
            up: number;
            down: number;
            with_words: number;
        };
        Run: {
            /** Format: uuid */
            id: string;
            /** Format: uuid */
            tenant: string;
            assistant: string;
            /** Format: uuid */
            chat_id: string | null;
            request_id: string;
            /** @enum {string} */
            state: "running" | "done" | "failed" | "cancelled";
            /** Format: uuid */
            question_message_id: string | null;
            /** Format: uuid */
            answer_message_id: string | null;
            tokens_used: number | null;
            error: string | null;
            /** Format: date-time */
            started_at: string;
            /** Format: date-time */
            ended_at: string | null;
        };
        SourceEntry: {
            name: string;
            title: string;
            about: string;
            into: string;
            /** @enum {string} */
            status: "running" | "failing" | "active" | "idle" | "disabled";
            schedules: string[];
            has_cursor: boolean;
            items: number;
            gone: number;
            aside: number;
            good_count: number | null;
            /** Format: date-time */
            good_at: string | null;
            mark: number | null;
            last_run: components["schemas"]["SourceLastRun"] | null;
        };
        SourceLastRun: {
            /** Format: uuid */
            id: string;
            /** Format: uuid */
            tenant: string;
            source: string;
            /** @enum {string} */
            state: "pending" | "running" | "completed" | "failed" | "cancelled";
            flags: components["schemas"]["SourceFlags"];
            counts: components["schemas"]["SourceCounts"];
            findings: components["schemas"]["SourceFinding"][];
            created_by: string;
            /** Format: date-time */
            created_at: string;
            /** Format: date-time */
            started_at: string | null;
            /** Format: date-time */
            finished_at: string | null;
        };
        SourceRun: {
            /** Format: uuid */
            id: string;
            /** Format: uuid */
            job: string;
            /** Format: uuid */
            tenant: string;
            source: string;
            /** @enum {string} */
            state: "pending" | "running" | "completed" | "failed" | "cancelled";
            flags: components["schemas"]["SourceFlags"];
            counts: components["schemas"]["SourceCounts"];
            findings: components["schemas"]["SourceFinding"][];
            created_by: string;
            /** Format: date-time */
            created_at: string;
            /** Format: date-time */
            started_at: string | null;
            /** Format: date-time */
            finished_at: string | null;
            duration_ms: number | null;
        };
        SourceFlags: {
            refresh?: {
                [key: string]: components["schemas"]["Json"];
            };
            debug?: boolean;
            validate?: boolean;
            whole?: boolean;
        };
        SourceCounts: {
            rows: number;
            extracted: number;
            consolidated: number;
            inserted: number;
            updated: number;
            unchanged: number;
            skipped: number;
            errors: number;
            completed: number;
            gone: number;
            returned: number;
            pages: number;
            cache_hits: number;
        };
        SourceFinding: {
            code: string;
            message: string;
            about?: string;
        };
        SourceAccepted: {
            source: string;
            /** Format: uuid */
            run: string;
            /** Format: uuid */
            job: string;
            /** @enum {string} */
            state: "pending";
            message: string;
        };
        SourceAside: {
            item: string;
            /** @enum {string} */
            step: "row" | "record" | "completion";
            reason: string;
            fields: {
                [key: string]: components["schemas"]["Json"];
            };
            attempts: number;
            /** Format: date-time */
            first_at: string;
            /** Format: date-time */
            last_at: string;
            /** Format: date-time */
            due_at: string;
        };
        SourceCache: {
            kinds: components["schemas"]["SourceCacheKind"][];
            entries: components["schemas"]["SourceCacheEntry"][];
        };
        SourceCacheKind: {
            /** @enum {string} */
            kind: "html" | "structured" | "comparison" | "answer";
            entries: number;
            size_bytes: number;
            expired: number;
            /** Format: date-time */
            oldest_at: string | null;
            /** Format: date-time */
            newest_at: string | null;
            hits: number;
            misses: number;
            stale: number;
            invalid: number;
            forced: number;
            hit_rate: number | null;
            valid_rate: number | null;
        };
        SourceCacheEntry: {
            kind: string;
            name: string;
            tags: string[];
            size_bytes: number;
            row_count: number | null;
            /** Format: date-time */
            created_at: string;
            /** Format: date-time */
            expires_at: string;
        };
        SourceCacheCleared: {
            removed: number;
        };
        LookupEntry: {
            name: string;
            title: string;
            about: string;
            of: string;
            asked_with: string[];
            gives: string[];
            needs: string[];
            is_conditional: boolean;
            has_otherwise: boolean;
            good_for_s: number;
            waits_ms: number;
        };
        LookedUp: {
            /** Format: uuid */
            record: string;
            lookup: string;
            /** @enum {string} */
            found: "live" | "kept" | "nothing";
            answer: {
                [key: string]: components["schemas"]["Json"];
            } | null;
            /** Format: date-time */
            asked_at: string | null;
        };
        SourceOrigin: {
            source: string;
            item: string;
            /** Format: date-time */
            gone_at: string | null;
            locked: string[];
        };
        DocumentCounts: {
            documents: number;
            ready: number;
            failed: number;
            size_bytes: number;
            chunks: number;
        };
        AssistantCounts: {
            questions: number;
            questions_today: number;
            answered: number;
            failed: number;
            average_answer_ms: number;
            average_answer_s: number;
            searches: number;
            tokens: number;
            running: number;
        };
        CacheCounts: {
            hits: number;
            misses: number;
            entries: number;
            hit_rate: number;
        };
        SocketCounts: {
            open: number;
            total: number;
        };
        Fault: {
            field: string;
            message: string;
            hint?: string;
        };
        Problem: {
            type: string;
            title: string;
            status: number;
            code: string;
            detail: string;
            hint?: string;
            about?: string;
            errors?: components["schemas"]["Fault"][];
            request_id: string;
        };
        /** @description Any JSON value. */
        Json: Json;
        /** @enum {string} */
        Permission: "anyone" | "own_account" | "list_tenants" | "manage_tenants" | "read_records" | "write_records" | "read_private" | "erase_records" | "manage_reference" | "run_tasks" | "use_models" | "use_assistants" | "ask_questions" | "read_documents" | "write_documents" | "manage_documents" | "manage_models" | "decide_proposals" | "read_jobs" | "manage_jobs" | "manage_schedules" | "manage_archives" | "read_usage" | "read_audit" | "manage_audit" | "manage_keys" | "manage_users" | "manage_webhooks" | "read_telemetry" | "manage_configuration" | "read_internals";
        /** @enum {string} */
        Role: "owner" | "admin" | "operator" | "editor" | "viewer";
        /** @enum {string} */
        Scope: "read" | "write" | "jobs:execute" | "llm:call" | "models" | "embeddings:generate" | "admin";
        /** @enum {string} */
        UsageOutcome: "ok" | "invalid" | "rate_limited" | "refused" | "unavailable" | "timeout" | "hung_up" | "unreadable" | "abandoned";
    };
    responses: {
        /** @description It did not work; `code` is stable, `hint` is the way out. */
        Problem: {
            headers: {
                [name: string]: unknown;
            };
            content: {
                "application/problem+json": components["schemas"]["Problem"];
            };
        };
        /** @description It did not work; said as OpenAI says it. */
        OpenaiError: {
            headers: {
                [name: string]: unknown;
            };
            content: {
                "application/json": components["schemas"]["OpenaiError"];
            };
        };
        /** @description It did not work; said as Anthropic says it. */
        AnthropicError: {
            headers: {
                [name: string]: unknown;
            };
            content: {
                "application/json": components["schemas"]["AnthropicError"];
            };
        };
    };
    parameters: {
        /** @description The most rows of a page. */
        Limit: number;
        /** @description `filter.FIELD=value` for each field that the collection declares as a filter. */
        Filters: {
            [key: string]: string;
        };
        /** @description Where the page starts: `next_cursor` or `prev_cursor` of another page of the same list. */
        Cursor: string;
        /** @description Whether to count the rows of the whole list. */
        Count: boolean;
        /** @description The same request under the same key is done once, and answered the same for 24 hours. */
        IdempotencyKey: string;
        /** @description On whose account the call goes, for callers who reach all tenants. */
        Tenant: string;
        /** @description The ETag that was read: the change is refused (412) when somebody else changed it meanwhile. */
        IfMatch: string;
    };
    requestBodies: never;
    headers: never;
    pathItems: never;
}
export type $defs = Record<string, never>;
export interface operations {
    "auth.login": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody: {
            content: {
                "application/json": {
                    /** @description The e-mail address. */
                    email?: string | null;
                    /** @description The name, where people sign in by one; an e-mail address does too. */
                    username?: string | null;
                    /** @description The password. */
                    password: string;
                };
            };
        };
        responses: {
            /** @description The answer. */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Tokens"];
                };
            };
            422: components["responses"]["Problem"];
            429: components["responses"]["Problem"];
            default: components["responses"]["Problem"];
        };
    };
    "auth.signup": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody: {
            content: {
                "application/json": {
                    /** @description The e-mail address to sign in with. */
                    email?: string | null;
                    /** @description The name to sign in by, where people do so by one. */
                    username?: string | null;
                    /** @description The password; at least 8 characters. */
                    password: string;
                    /** @description What one is called. */
                    name?: string | null;
                };
            };
        };
        responses: {
            /** @description It was made. */
            201: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Tokens"];
                };
            };
            422: components["responses"]["Problem"];
            429: components["responses"]["Problem"];
            default: components["responses"]["Problem"];
        };
    };
    "auth.google": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody: {
            content: {
                "application/json": {
                    /** @description The ID token, as Google's button hands it out. */
                    id_token: string;
                };
            };
        };
        responses: {
            /** @description The answer. */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Tokens"];
                };
            };
            422: components["responses"]["Problem"];
            429: components["responses"]["Problem"];
            default: components["responses"]["Problem"];
        };
    };
    "auth.refresh": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody?: {
            content: {
                "application/json": {
                    /** @description The refresh token of the last answer; left out, that of the cookie, where there is one. */
                    refresh_token?: string | null;
                };
            };
        };
        responses: {
            /** @description The answer. */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Renewed"];
                };
            };
            422: components["responses"]["Problem"];
            429: components["responses"]["Problem"];
            default: components["responses"]["Problem"];
        };
    };
    "auth.logout": {
        parameters: {
            query?: never;
            header?: {
                /** @description The same request under the same key is done once, and answered the same for 24 hours. */
                "Idempotency-Key"?: components["parameters"]["IdempotencyKey"];
            };
            path?: never;
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description It was done. */
            204: {
                headers: {
                    [name: string]: unknown;
                };
                content?: never;
            };
            401: components["responses"]["Problem"];
            403: components["responses"]["Problem"];
            429: components["responses"]["Problem"];
            default: components["responses"]["Problem"];
        };
    };
    "me.get": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description The answer. */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Me"];
                };
            };
            401: components["responses"]["Problem"];
            403: components["responses"]["Problem"];
            429: components["responses"]["Problem"];
            default: components["responses"]["Problem"];
        };
    };
    "me.update": {
        parameters: {
            query?: never;
            header?: {
                /** @description The same request under the same key is done once, and answered the same for 24 hours. */
                "Idempotency-Key"?: components["parameters"]["IdempotencyKey"];
                /** @description The ETag that was read: the change is refused (412) when somebody else changed it meanwhile. */
                "If-Match"?: components["parameters"]["IfMatch"];
            };
            path?: never;
            cookie?: never;
        };
        requestBody?: {
            content: {
                "application/json": {
                    /** @description What one is called. */
                    name?: string | null;
                    /** @description What one says of oneself. */
                    about?: string | null;
                    /** @description The new password. */
                    password?: string | null;
                    /** @description The password until now; needed for a new one. */
                    current_password?: string | null;
                };
            };
        };
        responses: {
            /** @description The answer. */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Me"];
                };
            };
            401: components["responses"]["Problem"];
            403: components["responses"]["Problem"];
            412: components["responses"]["Problem"];
            422: components["responses"]["Problem"];
            429: components["responses"]["Problem"];
            default: components["responses"]["Problem"];
        };
    };
    "me.set_password": {
        parameters: {
            query?: never;
            header?: {
                /** @description The same request under the same key is done once, and answered the same for 24 hours. */
                "Idempotency-Key"?: components["parameters"]["IdempotencyKey"];
            };
            path?: never;
            cookie?: never;
        };
        requestBody: {
            content: {
                "application/json": {
                    /** @description The password until now. */
                    current_password: string;
                    /** @description The new one; at least 8 characters. */
                    password: string;
                };
            };
        };
        responses: {
            /** @description The answer. */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Me"];
                };
            };
            401: components["responses"]["Problem"];
            403: components["responses"]["Problem"];
            422: components["responses"]["Problem"];
            429: components["responses"]["Problem"];
            default: components["responses"]["Problem"];
        };
    };
    "me.picture": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description The answer. */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/octet-stream": Blob;
                };
            };
            401: components["responses"]["Problem"];
            403: components["responses"]["Problem"];
            429: components["responses"]["Problem"];
            default: components["responses"]["Problem"];
        };
    };
    "me.set_picture": {
        parameters: {
            query?: never;
            header?: {
                /** @description The same request under the same key is done once, and answered the same for 24 hours. */
                "Idempotency-Key"?: components["parameters"]["IdempotencyKey"];
            };
            path?: never;
            cookie?: never;
        };
        requestBody: {
            content: {
                "multipart/form-data": {
                    /** Format: binary */
                    file: Blob;
                };
            };
        };
        responses: {
            /** @description The answer. */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Me"];
                };
            };
            401: components["responses"]["Problem"];
            403: components["responses"]["Problem"];
            429: components["responses"]["Problem"];
            default: components["responses"]["Problem"];
        };
    };
    "me.remove_picture": {
        parameters: {
            query?: never;
            header?: {
                /** @description The ETag that was read: the change is refused (412) when somebody else changed it meanwhile. */
                "If-Match"?: components["parameters"]["IfMatch"];
            };
            path?: never;
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description The answer. */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Me"];
                };
            };
            401: components["responses"]["Problem"];
            403: components["responses"]["Problem"];
            412: components["responses"]["Problem"];
            429: components["responses"]["Problem"];
            default: components["responses"]["Problem"];
        };
    };
    "sessions.list": {
        parameters: {
            query?: {
                /** @description Whose; one's own when left out. */
                user?: string;
                /** @description The most rows of a page. */
                limit?: components["parameters"]["Limit"];
                /** @description Where the page starts: `next_cursor` or `prev_cursor` of another page of the same list. */
                cursor?: components["parameters"]["Cursor"];
                /** @description Whether to count the rows of the whole list. */
                count?: components["parameters"]["Count"];
            };
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description The answer. */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": {
                        items: components["schemas"]["Session"][];
                        next_cursor: string | null;
                        prev_cursor: string | null;
                        total?: number;
                    };
                };
            };
            401: components["responses"]["Problem"];
            403: components["responses"]["Problem"];
            422: components["responses"]["Problem"];
            429: components["responses"]["Problem"];
            default: components["responses"]["Problem"];
        };
    };
    "sessions.get": {
        parameters: {
            query?: never;
            header?: never;
            path: {
                /** @description The session. */
                session: string;
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description The answer. */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Session"];
                };
            };
            401: components["responses"]["Problem"];
            403: components["responses"]["Problem"];
            404: components["responses"]["Problem"];
            422: components["responses"]["Problem"];
            429: components["responses"]["Problem"];
            default: components["responses"]["Problem"];
        };
    };
    "sessions.revoke": {
        parameters: {
            query?: never;
            header?: {
                /** @description The ETag that was read: the change is refused (412) when somebody else changed it meanwhile. */
                "If-Match"?: components["parameters"]["IfMatch"];
            };
            path: {
                /** @description The session. */
                session: string;
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description It was done. */
            204: {
                headers: {
                    [name: string]: unknown;
                };
                content?: never;
            };
            401: components["responses"]["Problem"];
            403: components["responses"]["Problem"];
            404: components["responses"]["Problem"];
            412: components["responses"]["Problem"];
            422: components["responses"]["Problem"];
            429: components["responses"]["Problem"];
            default: components["responses"]["Problem"];
        };
    };
    "users.list": {
        parameters: {
            query?: {
                /** @description Only those of this tenant. */
                tenant?: string;
                /** @description Only those with this in their name, the name they sign in by, or their e-mail address. */
                search?: string;
                /** @description The most rows of a page. */
                limit?: components["parameters"]["Limit"];
                /** @description Where the page starts: `next_cursor` or `prev_cursor` of another page of the same list. */
                cursor?: components["parameters"]["Cursor"];
                /** @description Whether to count the rows of the whole list. */
                count?: components["parameters"]["Count"];
            };
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description The answer. */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": {
                        items: components["schemas"]["User"][];
                        next_cursor: string | null;
                        prev_cursor: string | null;
                        total?: number;
                    };
                };
            };
            401: components["responses"]["Problem"];
            403: components["responses"]["Problem"];
            422: components["responses"]["Problem"];
            429: components["responses"]["Problem"];
            default: components["responses"]["Problem"];
        };
    };
    "users.create": {
        parameters: {
            query?: never;
            header?: {
                /** @description The same request under the same key is done once, and answered the same for 24 hours. */
                "Idempotency-Key"?: components["parameters"]["IdempotencyKey"];
            };
            path?: never;
            cookie?: never;
        };
        requestBody: {
            content: {
                "application/json": {
                    /** @description The e-mail address to sign in with; may be left out where people sign in by a name. */
                    email?: string | null;
                    /** @description The name to sign in by, where people do so by one: 3 to 50 letters, digits, `_` and `-`. */
                    username?: string | null;
                    /** @description The password; at least 8 characters. */
                    password: string;
                    /**
                     * @description What they are called.
                     * @default null
                     */
                    name?: string | null;
                    /**
                     * @description A role: one of the application's own names, or owner, admin, operator, editor, viewer. May be left
                     *     out where the application has a usual one.
                     */
                    role?: string | null;
                    /**
                     * Format: uuid
                     * @description The tenant they belong to, unless they reach all.
                     */
                    tenant?: string | null;
                    /** @description Whether they reach all tenants; the application's own roles say so by themselves. */
                    reaches?: ("all" | "one") | null;
                };
            };
        };
        responses: {
            /** @description It was made. */
            201: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["User"];
                };
            };
            401: components["responses"]["Problem"];
            403: components["responses"]["Problem"];
            422: components["responses"]["Problem"];
            429: components["responses"]["Problem"];
            default: components["responses"]["Problem"];
        };
    };
    "users.get": {
        parameters: {
            query?: never;
            header?: never;
            path: {
                /** @description The user. */
                user: string;
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description The answer. */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["User"];
                };
            };
            401: components["responses"]["Problem"];
            403: components["responses"]["Problem"];
            404: components["responses"]["Problem"];
            422: components["responses"]["Problem"];
            429: components["responses"]["Problem"];
            default: components["responses"]["Problem"];
        };
    };
    "users.disable": {
        parameters: {
            query?: never;
            header?: {
                /** @description The ETag that was read: the change is refused (412) when somebody else changed it meanwhile. */
                "If-Match"?: components["parameters"]["IfMatch"];
            };
            path: {
                /** @description The user. */
                user: string;
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description It was done. */
            204: {
                headers: {
                    [name: string]: unknown;
                };
                content?: never;
            };
            401: components["responses"]["Problem"];
            403: components["responses"]["Problem"];
            404: components["responses"]["Problem"];
            412: components["responses"]["Problem"];
            422: components["responses"]["Problem"];
            429: components["responses"]["Problem"];
            default: components["responses"]["Problem"];
        };
    };
    "users.update": {
        parameters: {
            query?: never;
            header?: {
                /** @description The same request under the same key is done once, and answered the same for 24 hours. */
                "Idempotency-Key"?: components["parameters"]["IdempotencyKey"];
                /** @description The ETag that was read: the change is refused (412) when somebody else changed it meanwhile. */
                "If-Match"?: components["parameters"]["IfMatch"];
            };
            path: {
                /** @description The user. */
                user: string;
            };
            cookie?: never;
        };
        requestBody?: {
            content: {
                "application/json": {
                    /** @description What they are called. */
                    name?: string | null;
                    /** @description Another name to sign in by, where people do so by one. */
                    username?: string | null;
                    /** @description Another role. */
                    role?: string | null;
                    /**
                     * Format: uuid
                     * @description Another tenant.
                     */
                    tenant?: string | null;
                    /** @description Whether they reach all tenants. */
                    reaches?: ("all" | "one") | null;
                    /** @description Whether they are kept from signing in. */
                    disabled?: boolean | null;
                    /** @description A new password. */
                    password?: string | null;
                };
            };
        };
        responses: {
            /** @description The answer. */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["User"];
                };
            };
            401: components["responses"]["Problem"];
            403: components["responses"]["Problem"];
            404: components["responses"]["Problem"];
            412: components["responses"]["Problem"];
            422: components["responses"]["Problem"];
            429: components["responses"]["Problem"];
            default: components["responses"]["Problem"];
        };
    };
    "users.erase": {
        parameters: {
            query?: never;
            header?: {
                /** @description The same request under the same key is done once, and answered the same for 24 hours. */
                "Idempotency-Key"?: components["parameters"]["IdempotencyKey"];
            };
            path: {
                /** @description The user. */
                user: string;
            };
            cookie?: never;
        };
        requestBody?: {
            content: {
                "application/json": {
                    /** @description Only count what would be removed; what lies in archives is not counted. */
                    dry_run?: boolean | null;
                    /** @description What becomes of documents that they shared: `hand_over` (the house's from then on), or `erase`. */
                    shared_documents?: ("hand_over" | "erase") | null;
                };
            };
        };
        responses: {
            /** @description What was removed, or what would be. */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Erasure"];
                };
            };
            /** @description It will be done; the job tells how far it is. */
            202: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Erasure"];
                };
            };
            401: components["responses"]["Problem"];
            403: components["responses"]["Problem"];
            404: components["responses"]["Problem"];
            422: components["responses"]["Problem"];
            429: components["responses"]["Problem"];
            default: components["responses"]["Problem"];
        };
    };
    "keys.list": {
        parameters: {
            query?: {
                /** @description Of this tenant. */
                tenant?: string;
                /** @description Also those that were revoked or have expired. */
                ended?: boolean;
                /** @description The most rows of a page. */
                limit?: components["parameters"]["Limit"];
                /** @description Where the page starts: `next_cursor` or `prev_cursor` of another page of the same list. */
                cursor?: components["parameters"]["Cursor"];
                /** @description Whether to count the rows of the whole list. */
                count?: components["parameters"]["Count"];
            };
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description The answer. */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": {
                        items: components["schemas"]["Key"][];
                        next_cursor: string | null;
                        prev_cursor: string | null;
                        total?: number;
                    };
                };
            };
            401: components["responses"]["Problem"];
            403: components["responses"]["Problem"];
            422: components["responses"]["Problem"];
            429: components["responses"]["Problem"];
            default: components["responses"]["Problem"];
        };
    };
    "keys.create": {
        parameters: {
            query?: never;
            header?: {
                /** @description The same request under the same key is done once, and answered the same for 24 hours. */
                "Idempotency-Key"?: components["parameters"]["IdempotencyKey"];
            };
            path?: never;
            cookie?: never;
        };
        requestBody: {
            content: {
                "application/json": {
                    /**
                     * Format: uuid
                     * @description The tenant it reaches.
                     */
                    tenant?: string;
                    /** @description What it is called. */
                    name: string;
                    /**
                     * @description What it may do.
                     * @default null
                     */
                    scopes?: ("read" | "write" | "jobs:execute" | "llm:call" | "models" | "embeddings:generate" | "admin")[] | null;
                    /** @description For real use or for trying out. */
                    mode?: ("live" | "test") | null;
                    /**
                     * Format: date-time
                     * @description When it stops working by itself.
                     */
                    expires_at?: string | null;
                    /** @description The user it stands for: it never does more than they may. */
                    user?: string | null;
                };
            };
        };
        responses: {
            /** @description It was made. */
            201: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["KeyWithSecret"];
                };
            };
            401: components["responses"]["Problem"];
            403: components["responses"]["Problem"];
            422: components["responses"]["Problem"];
            429: components["responses"]["Problem"];
            default: components["responses"]["Problem"];
        };
    };
    "keys.revoke": {
        parameters: {
            query?: never;
            header?: {
                /** @description The ETag that was read: the change is refused (412) when somebody else changed it meanwhile. */
                "If-Match"?: components["parameters"]["IfMatch"];
            };
            path: {
                /** @description The key. */
                key: string;
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description It was done. */
            204: {
                headers: {
                    [name: string]: unknown;
                };
                content?: never;
            };
            401: components["responses"]["Problem"];
            403: components["responses"]["Problem"];
            404: components["responses"]["Problem"];
            412: components["responses"]["Problem"];
            422: components["responses"]["Problem"];
            429: components["responses"]["Problem"];
            default: components["responses"]["Problem"];
        };
    };
    "keys.rotate": {
        parameters: {
            query?: never;
            header?: {
                /** @description The same request under the same key is done once, and answered the same for 24 hours. */
                "Idempotency-Key"?: components["parameters"]["IdempotencyKey"];
            };
            path: {
                /** @description The key. */
                key: string;
            };
            cookie?: never;
        };
        requestBody?: {
            content: {
                "application/json": {
                    /**
                     * Format: int64
                     * @description For how many hours the old one goes on working.
                     */
                    overlap_hours?: number | null;
                };
            };
        };
        responses: {
            /** @description The answer. */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["KeyWithSecret"];
                };
            };
            401: components["responses"]["Problem"];
            403: components["responses"]["Problem"];
            404: components["responses"]["Problem"];
            422: components["responses"]["Problem"];
            429: components["responses"]["Problem"];
            default: components["responses"]["Problem"];
        };
    };
    "signing_keys.list": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description The answer. */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["SigningKeys"];
                };
            };
            401: components["responses"]["Problem"];
            403: components["responses"]["Problem"];
            429: components["responses"]["Problem"];
            default: components["responses"]["Problem"];
        };
    };
    "signing_keys.rotate": {
        parameters: {
            query?: never;
            header?: {
                /** @description The same request under the same key is done once, and answered the same for 24 hours. */
                "Idempotency-Key"?: components["parameters"]["IdempotencyKey"];
            };
            path?: never;
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description The answer. */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["SigningKey"];
                };
            };
            401: components["responses"]["Problem"];
            403: components["responses"]["Problem"];
            429: components["responses"]["Problem"];
            default: components["responses"]["Problem"];
        };
    };
    "tenants.list": {
        parameters: {
            query?: {
                /** @description Only those with this in their name or slug. */
                search?: string;
                /** @description Deleted ones too. */
                deleted?: boolean;
                /** @description The most rows of a page. */
                limit?: components["parameters"]["Limit"];
                /** @description Where the page starts: `next_cursor` or `prev_cursor` of another page of the same list. */
                cursor?: components["parameters"]["Cursor"];
                /** @description Whether to count the rows of the whole list. */
                count?: components["parameters"]["Count"];
            };
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description The answer. */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": {
                        items: components["schemas"]["Tenant"][];
                        next_cursor: string | null;
                        prev_cursor: string | null;
                        total?: number;
                    };
                };
            };
            401: components["responses"]["Problem"];
            403: components["responses"]["Problem"];
            422: components["responses"]["Problem"];
            429: components["responses"]["Problem"];
            default: components["responses"]["Problem"];
        };
    };
    "tenants.create": {
        parameters: {
            query?: never;
            header?: {
                /** @description The same request under the same key is done once, and answered the same for 24 hours. */
                "Idempotency-Key"?: components["parameters"]["IdempotencyKey"];
            };
            path?: never;
            cookie?: never;
        };
        requestBody: {
            content: {
                "application/json": {
                    [key: string]: unknown;
                };
            };
        };
        responses: {
            /** @description It was made. */
            201: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Tenant"];
                };
            };
            401: components["responses"]["Problem"];
            403: components["responses"]["Problem"];
            422: components["responses"]["Problem"];
            429: components["responses"]["Problem"];
            default: components["responses"]["Problem"];
        };
    };
    "tenants.get": {
        parameters: {
            query?: {
                /** @description Also when it was deleted, for those who may restore it. */
                deleted?: boolean;
            };
            header?: never;
            path: {
                /** @description The tenant. */
                tenant: string;
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description The answer. */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Tenant"];
                };
            };
            401: components["responses"]["Problem"];
            403: components["responses"]["Problem"];
            404: components["responses"]["Problem"];
            422: components["responses"]["Problem"];
            429: components["responses"]["Problem"];
            default: components["responses"]["Problem"];
        };
    };
    "tenants.delete": {
        parameters: {
            query?: {
                /** @description For good, with everything of it. */
                permanent?: boolean;
            };
            header?: {
                /** @description The ETag that was read: the change is refused (412) when somebody else changed it meanwhile. */
                "If-Match"?: components["parameters"]["IfMatch"];
            };
            path: {
                /** @description The tenant. */
                tenant: string;
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description It was done. */
            204: {
                headers: {
                    [name: string]: unknown;
                };
                content?: never;
            };
            401: components["responses"]["Problem"];
            403: components["responses"]["Problem"];
            404: components["responses"]["Problem"];
            412: components["responses"]["Problem"];
            422: components["responses"]["Problem"];
            429: components["responses"]["Problem"];
            default: components["responses"]["Problem"];
        };
    };
    "tenants.update": {
        parameters: {
            query?: never;
            header?: {
                /** @description The same request under the same key is done once, and answered the same for 24 hours. */
                "Idempotency-Key"?: components["parameters"]["IdempotencyKey"];
                /** @description The ETag that was read: the change is refused (412) when somebody else changed it meanwhile. */
                "If-Match"?: components["parameters"]["IfMatch"];
            };
            path: {
                /** @description The tenant. */
                tenant: string;
            };
            cookie?: never;
        };
        requestBody: {
            content: {
                "application/json": {
                    [key: string]: unknown;
                };
            };
        };
        responses: {
            /** @description The answer. */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Tenant"];
                };
            };
            401: components["responses"]["Problem"];
            403: components["responses"]["Problem"];
            404: components["responses"]["Problem"];
            412: components["responses"]["Problem"];
            422: components["responses"]["Problem"];
            429: components["responses"]["Problem"];
            default: components["responses"]["Problem"];
        };
    };
    "tenants.restore": {
        parameters: {
            query?: never;
            header?: {
                /** @description The same request under the same key is done once, and answered the same for 24 hours. */
                "Idempotency-Key"?: components["parameters"]["IdempotencyKey"];
            };
            path: {
                /** @description The tenant. */
                tenant: string;
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description The answer. */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Tenant"];
                };
            };
            401: components["responses"]["Problem"];
            403: components["responses"]["Problem"];
            404: components["responses"]["Problem"];
            422: components["responses"]["Problem"];
            429: components["responses"]["Problem"];
            default: components["responses"]["Problem"];
        };
    };
    "tenants.export": {
        parameters: {
            query?: never;
            header?: never;
            path: {
                /** @description The tenant. */
                tenant: string;
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description The answer. */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/octet-stream": Blob;
                };
            };
            401: components["responses"]["Problem"];
            403: components["responses"]["Problem"];
            404: components["responses"]["Problem"];
            422: components["responses"]["Problem"];
            429: components["responses"]["Problem"];
            default: components["responses"]["Problem"];
        };
    };
    "app.get": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description The answer. */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Application"];
                };
            };
            429: components["responses"]["Problem"];
            default: components["responses"]["Problem"];
        };
    };
    "records.list": {
        parameters: {
            query?: {
                /** @description Of this tenant. */
                tenant?: string;
                /** @description In this record. */
                parent?: string;
                /** @description In this version. */
                version?: string;
                /** @description Deleted ones too. */
                deleted?: boolean;
                /** @description Words that must be in the records; the last may be the beginning of one. */
                search?: string;
                /** @description `-created_at`, `created_at` or `position`. */
                sort?: string;
                /** @description `filter.FIELD=value` for each field that the collection declares as a filter. */
                filters?: components["parameters"]["Filters"];
                /** @description The most rows of a page. */
                limit?: components["parameters"]["Limit"];
                /** @description Where the page starts: `next_cursor` or `prev_cursor` of another page of the same list. */
                cursor?: components["parameters"]["Cursor"];
                /** @description Whether to count the rows of the whole list. */
                count?: components["parameters"]["Count"];
            };
            header?: never;
            path: {
                /** @description The collection. */
                collection: string;
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description The answer. */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": {
                        items: components["schemas"]["Record"][];
                        next_cursor: string | null;
                        prev_cursor: string | null;
                        total?: number;
                    };
                };
            };
            401: components["responses"]["Problem"];
            403: components["responses"]["Problem"];
            404: components["responses"]["Problem"];
            422: components["responses"]["Problem"];
            429: components["responses"]["Problem"];
            default: components["responses"]["Problem"];
        };
    };
    "records.create": {
        parameters: {
            query?: {
                /** @description Whose it is. */
                tenant?: string;
                /** @description The record it lies in, where its collection has a parent. */
                parent?: string;
                /** @description A record of the same tenant, instead of naming the tenant. */
                beside?: string;
            };
            header?: {
                /** @description The same request under the same key is done once, and answered the same for 24 hours. */
                "Idempotency-Key"?: components["parameters"]["IdempotencyKey"];
            };
            path: {
                /** @description The collection. */
                collection: string;
            };
            cookie?: never;
        };
        requestBody: {
            content: {
                "application/json": {
                    [key: string]: unknown;
                };
            };
        };
        responses: {
            /** @description It was made. */
            201: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Record"];
                };
            };
            401: components["responses"]["Problem"];
            403: components["responses"]["Problem"];
            404: components["responses"]["Problem"];
            422: components["responses"]["Problem"];
            429: components["responses"]["Problem"];
            default: components["responses"]["Problem"];
        };
    };
    "records.find": {
        parameters: {
            query: {
                /** @description Of this tenant. */
                tenant?: string;
                /** @description A field that is unique by itself. */
                field: string;
                /** @description The value it has. */
                value: string;
            };
            header?: never;
            path: {
                /** @description The collection. */
                collection: string;
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description The answer. */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Record"];
                };
            };
            401: components["responses"]["Problem"];
            403: components["responses"]["Problem"];
            404: components["responses"]["Problem"];
            422: components["responses"]["Problem"];
            429: components["responses"]["Problem"];
            default: components["responses"]["Problem"];
        };
    };
    "imports.create": {
        parameters: {
            query?: never;
            header?: {
                /** @description The same request under the same key is done once, and answered the same for 24 hours. */
                "Idempotency-Key"?: components["parameters"]["IdempotencyKey"];
            };
            path: {
                /** @description The collection of the new record. */
                collection: string;
            };
            cookie?: never;
        };
        requestBody: {
            content: {
                "application/json": {
                    /**
                     * Format: uuid
                     * @description Whose it is.
                     */
                    tenant?: string;
                    /** @description The rows, when there is no file. */
                    items?: {
                        [key: string]: unknown;
                    }[] | null;
                } & {
                    [key: string]: unknown;
                };
                "multipart/form-data": {
                    /**
                     * Format: uuid
                     * @description Whose it is.
                     */
                    tenant?: string;
                    /** Format: binary */
                    file: Blob;
                } & {
                    [key: string]: unknown;
                };
            };
        };
        responses: {
            /** @description It will be done; the job tells how far it is. */
            202: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Accepted"];
                };
            };
            401: components["responses"]["Problem"];
            403: components["responses"]["Problem"];
            404: components["responses"]["Problem"];
            422: components["responses"]["Problem"];
            429: components["responses"]["Problem"];
            default: components["responses"]["Problem"];
        };
    };
    "imports.preview": {
        parameters: {
            query?: never;
            header?: {
                /** @description The same request under the same key is done once, and answered the same for 24 hours. */
                "Idempotency-Key"?: components["parameters"]["IdempotencyKey"];
            };
            path: {
                /** @description The collection: that of the rows, or the one that holds them. */
                collection: string;
            };
            cookie?: never;
        };
        requestBody: {
            content: {
                "multipart/form-data": {
                    /** Format: binary */
                    file: Blob;
                };
            };
        };
        responses: {
            /** @description The answer. */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Preview"];
                };
            };
            401: components["responses"]["Problem"];
            403: components["responses"]["Problem"];
            404: components["responses"]["Problem"];
            422: components["responses"]["Problem"];
            429: components["responses"]["Problem"];
            default: components["responses"]["Problem"];
        };
    };
    "records.get": {
        parameters: {
            query?: {
                /** @description The collection it must be of. */
                collection?: string;
                /** @description Collections that lie in it: their records go along under `children`, the first hundred of each. */
                with?: string[];
            };
            header?: never;
            path: {
                /** @description The record. */
                record: string;
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description The answer. */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Record"];
                };
            };
            401: components["responses"]["Problem"];
            403: components["responses"]["Problem"];
            404: components["responses"]["Problem"];
            422: components["responses"]["Problem"];
            429: components["responses"]["Problem"];
            default: components["responses"]["Problem"];
        };
    };
    "records.delete": {
        parameters: {
            query?: {
                /** @description The collection it must be of. */
                collection?: string;
                /** @description For good, with everything in it. */
                permanent?: boolean;
            };
            header?: {
                /** @description The ETag that was read: the change is refused (412) when somebody else changed it meanwhile. */
                "If-Match"?: components["parameters"]["IfMatch"];
            };
            path: {
                /** @description The record. */
                record: string;
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description It was done. */
            204: {
                headers: {
                    [name: string]: unknown;
                };
                content?: never;
            };
            401: components["responses"]["Problem"];
            403: components["responses"]["Problem"];
            404: components["responses"]["Problem"];
            412: components["responses"]["Problem"];
            422: components["responses"]["Problem"];
            429: components["responses"]["Problem"];
            default: components["responses"]["Problem"];
        };
    };
    "records.update": {
        parameters: {
            query?: {
                /** @description The collection it must be of. */
                collection?: string;
            };
            header?: {
                /** @description The same request under the same key is done once, and answered the same for 24 hours. */
                "Idempotency-Key"?: components["parameters"]["IdempotencyKey"];
                /** @description The ETag that was read: the change is refused (412) when somebody else changed it meanwhile. */
                "If-Match"?: components["parameters"]["IfMatch"];
            };
            path: {
                /** @description The record. */
                record: string;
            };
            cookie?: never;
        };
        requestBody: {
            content: {
                "application/json": {
                    [key: string]: unknown;
                };
            };
        };
        responses: {
            /** @description The answer. */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Record"];
                };
            };
            401: components["responses"]["Problem"];
            403: components["responses"]["Problem"];
            404: components["responses"]["Problem"];
            412: components["responses"]["Problem"];
            422: components["responses"]["Problem"];
            429: components["responses"]["Problem"];
            default: components["responses"]["Problem"];
        };
    };
    "records.restore": {
        parameters: {
            query?: never;
            header?: {
                /** @description The same request under the same key is done once, and answered the same for 24 hours. */
                "Idempotency-Key"?: components["parameters"]["IdempotencyKey"];
            };
            path: {
                /** @description The record. */
                record: string;
            };
            cookie?: never;
        };
        requestBody?: {
            content: {
                "application/json": {
                    /** @description The collection it must be of. */
                    collection?: string | null;
                };
            };
        };
        responses: {
            /** @description The answer. */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Record"];
                };
            };
            401: components["responses"]["Problem"];
            403: components["responses"]["Problem"];
            404: components["responses"]["Problem"];
            422: components["responses"]["Problem"];
            429: components["responses"]["Problem"];
            default: components["responses"]["Problem"];
        };
    };
    "versions.list": {
        parameters: {
            query?: {
                /** @description The most rows of a page. */
                limit?: components["parameters"]["Limit"];
                /** @description Where the page starts: `next_cursor` or `prev_cursor` of another page of the same list. */
                cursor?: components["parameters"]["Cursor"];
                /** @description Whether to count the rows of the whole list. */
                count?: components["parameters"]["Count"];
            };
            header?: never;
            path: {
                /** @description The record. */
                record: string;
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description The answer. */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": {
                        items: components["schemas"]["Version"][];
                        next_cursor: string | null;
                        prev_cursor: string | null;
                        total?: number;
                    };
                };
            };
            401: components["responses"]["Problem"];
            403: components["responses"]["Problem"];
            404: components["responses"]["Problem"];
            422: components["responses"]["Problem"];
            429: components["responses"]["Problem"];
            default: components["responses"]["Problem"];
        };
    };
    "versions.revert": {
        parameters: {
            query?: never;
            header?: {
                /** @description The same request under the same key is done once, and answered the same for 24 hours. */
                "Idempotency-Key"?: components["parameters"]["IdempotencyKey"];
            };
            path: {
                /** @description The record. */
                record: string;
            };
            cookie?: never;
        };
        requestBody: {
            content: {
                "application/json": {
                    /** @description The collection it must be of. */
                    collection?: string | null;
                    /**
                     * Format: int64
                     * @description The number of the version to go back to.
                     */
                    number: number;
                    /** @description What the new version is called. */
                    label?: string | null;
                    /** @description Why. */
                    reason?: string | null;
                };
            };
        };
        responses: {
            /** @description It will be done; the job tells how far it is. */
            202: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Accepted"];
                };
            };
            401: components["responses"]["Problem"];
            403: components["responses"]["Problem"];
            404: components["responses"]["Problem"];
            422: components["responses"]["Problem"];
            429: components["responses"]["Problem"];
            default: components["responses"]["Problem"];
        };
    };
    "imports.change": {
        parameters: {
            query?: never;
            header?: {
                /** @description The same request under the same key is done once, and answered the same for 24 hours. */
                "Idempotency-Key"?: components["parameters"]["IdempotencyKey"];
            };
            path: {
                /** @description The record. */
                record: string;
            };
            cookie?: never;
        };
        requestBody: {
            content: {
                "application/json": {
                    /** @description The collection it must be of. */
                    collection?: string | null;
                    /** @description The rows, when there is no file. */
                    items?: {
                        [key: string]: unknown;
                    }[] | null;
                    /** @description What the new version is called. */
                    label?: string | null;
                    /** @description Words about it. */
                    notes?: string | null;
                };
                "multipart/form-data": {
                    /** @description The collection it must be of. */
                    collection?: string | null;
                    /** @description Words about it. */
                    notes?: string | null;
                    /** @description What the new version is called. */
                    label?: string | null;
                    /** Format: binary */
                    file: Blob;
                };
            };
        };
        responses: {
            /** @description It will be done; the job tells how far it is. */
            202: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Accepted"];
                };
            };
            401: components["responses"]["Problem"];
            403: components["responses"]["Problem"];
            404: components["responses"]["Problem"];
            422: components["responses"]["Problem"];
            429: components["responses"]["Problem"];
            default: components["responses"]["Problem"];
        };
    };
    "versions.get": {
        parameters: {
            query?: never;
            header?: never;
            path: {
                /** @description The version. */
                version: string;
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description The answer. */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Version"];
                };
            };
            401: components["responses"]["Problem"];
            403: components["responses"]["Problem"];
            404: components["responses"]["Problem"];
            422: components["responses"]["Problem"];
            429: components["responses"]["Problem"];
            default: components["responses"]["Problem"];
        };
    };
    "versions.delete": {
        parameters: {
            query?: never;
            header?: {
                /** @description The ETag that was read: the change is refused (412) when somebody else changed it meanwhile. */
                "If-Match"?: components["parameters"]["IfMatch"];
            };
            path: {
                /** @description The version. */
                version: string;
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description It was done. */
            204: {
                headers: {
                    [name: string]: unknown;
                };
                content?: never;
            };
            401: components["responses"]["Problem"];
            403: components["responses"]["Problem"];
            404: components["responses"]["Problem"];
            412: components["responses"]["Problem"];
            422: components["responses"]["Problem"];
            429: components["responses"]["Problem"];
            default: components["responses"]["Problem"];
        };
    };
    "versions.records": {
        parameters: {
            query?: {
                /** @description Words that must be in the records; the last may be the beginning of one. */
                search?: string;
                /** @description `-created_at`, `created_at` or `position`. */
                sort?: string;
                /** @description `filter.FIELD=value` for each field that the collection declares as a filter. */
                filters?: components["parameters"]["Filters"];
                /** @description The most rows of a page. */
                limit?: components["parameters"]["Limit"];
                /** @description Where the page starts: `next_cursor` or `prev_cursor` of another page of the same list. */
                cursor?: components["parameters"]["Cursor"];
                /** @description Whether to count the rows of the whole list. */
                count?: components["parameters"]["Count"];
            };
            header?: never;
            path: {
                /** @description The version. */
                version: string;
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description The answer. */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": {
                        items: components["schemas"]["Record"][];
                        next_cursor: string | null;
                        prev_cursor: string | null;
                        total?: number;
                    };
                };
            };
            401: components["responses"]["Problem"];
            403: components["responses"]["Problem"];
            404: components["responses"]["Problem"];
            422: components["responses"]["Problem"];
            429: components["responses"]["Problem"];
            default: components["responses"]["Problem"];
        };
    };
    "versions.diff": {
        parameters: {
            query?: never;
            header?: never;
            path: {
                /** @description The first version. */
                version: string;
                /** @description The second. */
                other: string;
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description The answer. */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Diff"];
                };
            };
            401: components["responses"]["Problem"];
            403: components["responses"]["Problem"];
            404: components["responses"]["Problem"];
            422: components["responses"]["Problem"];
            429: components["responses"]["Problem"];
            default: components["responses"]["Problem"];
        };
    };
    "versions.activate": {
        parameters: {
            query?: never;
            header?: {
                /** @description The same request under the same key is done once, and answered the same for 24 hours. */
                "Idempotency-Key"?: components["parameters"]["IdempotencyKey"];
            };
            path: {
                /** @description The version. */
                version: string;
            };
            cookie?: never;
        };
        requestBody?: {
            content: {
                "application/json": {
                    /**
                     * Format: uuid
                     * @description The record it must be a version of.
                     */
                    record?: string | null;
                    /** @description Why. */
                    reason?: string | null;
                };
            };
        };
        responses: {
            /** @description The answer. */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Version"];
                };
            };
            401: components["responses"]["Problem"];
            403: components["responses"]["Problem"];
            404: components["responses"]["Problem"];
            422: components["responses"]["Problem"];
            429: components["responses"]["Problem"];
            default: components["responses"]["Problem"];
        };
    };
    "versions.export": {
        parameters: {
            query?: {
                /** @description `csv`, `excel`, `json`, or another that the collection declares; `csv` when left out. */
                format?: string;
                /** @description Tabs between the fields, where the format knows them. */
                tabs?: boolean;
            };
            header?: never;
            path: {
                /** @description The version. */
                version: string;
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description The answer. */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/octet-stream": Blob;
                };
            };
            401: components["responses"]["Problem"];
            403: components["responses"]["Problem"];
            404: components["responses"]["Problem"];
            422: components["responses"]["Problem"];
            429: components["responses"]["Problem"];
            default: components["responses"]["Problem"];
        };
    };
    "proposals.list": {
        parameters: {
            query?: {
                /** @description `pending`, `accepted`, `rejected` or `dismissed`. */
                status?: string;
                /** @description One of the categories of the task. */
                category?: string;
                /** @description The most rows of a page. */
                limit?: components["parameters"]["Limit"];
                /** @description Where the page starts: `next_cursor` or `prev_cursor` of another page of the same list. */
                cursor?: components["parameters"]["Cursor"];
                /** @description Whether to count the rows of the whole list. */
                count?: components["parameters"]["Count"];
            };
            header?: never;
            path: {
                /** @description The version. */
                version: string;
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description The answer. */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": {
                        items: components["schemas"]["Proposal"][];
                        next_cursor: string | null;
                        prev_cursor: string | null;
                        total?: number;
                    };
                };
            };
            401: components["responses"]["Problem"];
            403: components["responses"]["Problem"];
            404: components["responses"]["Problem"];
            422: components["responses"]["Problem"];
            429: components["responses"]["Problem"];
            default: components["responses"]["Problem"];
        };
    };
    "proposals.get": {
        parameters: {
            query?: never;
            header?: never;
            path: {
                /** @description The proposal. */
                proposal: string;
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description The answer. */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Proposal"];
                };
            };
            401: components["responses"]["Problem"];
            403: components["responses"]["Problem"];
            404: components["responses"]["Problem"];
            422: components["responses"]["Problem"];
            429: components["responses"]["Problem"];
            default: components["responses"]["Problem"];
        };
    };
    "proposals.accept": {
        parameters: {
            query?: never;
            header?: {
                /** @description The same request under the same key is done once, and answered the same for 24 hours. */
                "Idempotency-Key"?: components["parameters"]["IdempotencyKey"];
            };
            path: {
                /** @description The proposal. */
                proposal: string;
            };
            cookie?: never;
        };
        requestBody?: {
            content: {
                "application/json": {
                    /** @description Words about it. */
                    notes?: string | null;
                };
            };
        };
        responses: {
            /** @description It will be done; the job tells how far it is. */
            202: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Accepted"];
                };
            };
            401: components["responses"]["Problem"];
            403: components["responses"]["Problem"];
            404: components["responses"]["Problem"];
            422: components["responses"]["Problem"];
            429: components["responses"]["Problem"];
            default: components["responses"]["Problem"];
        };
    };
    "proposals.reject": {
        parameters: {
            query?: never;
            header?: {
                /** @description The same request under the same key is done once, and answered the same for 24 hours. */
                "Idempotency-Key"?: components["parameters"]["IdempotencyKey"];
            };
            path: {
                /** @description The proposal. */
                proposal: string;
            };
            cookie?: never;
        };
        requestBody?: {
            content: {
                "application/json": {
                    /** @description Why. */
                    reason?: string | null;
                    /** @description Words for the next time. */
                    feedback?: string | null;
                };
            };
        };
        responses: {
            /** @description The answer. */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Proposal"];
                };
            };
            401: components["responses"]["Problem"];
            403: components["responses"]["Problem"];
            404: components["responses"]["Problem"];
            422: components["responses"]["Problem"];
            429: components["responses"]["Problem"];
            default: components["responses"]["Problem"];
        };
    };
    "proposals.decide": {
        parameters: {
            query?: never;
            header?: {
                /** @description The same request under the same key is done once, and answered the same for 24 hours. */
                "Idempotency-Key"?: components["parameters"]["IdempotencyKey"];
            };
            path?: never;
            cookie?: never;
        };
        requestBody: {
            content: {
                "application/json": {
                    /** @description The proposals. */
                    ids: string[];
                    /** @description What becomes of them. */
                    action: "accept" | "reject" | "dismiss";
                    /** @description Words about it. */
                    notes?: string | null;
                };
            };
        };
        responses: {
            /** @description It will be done; the job tells how far it is. */
            202: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Decided"];
                };
            };
            401: components["responses"]["Problem"];
            403: components["responses"]["Problem"];
            422: components["responses"]["Problem"];
            429: components["responses"]["Problem"];
            default: components["responses"]["Problem"];
        };
    };
    "tasks.run": {
        parameters: {
            query?: never;
            header?: {
                /** @description The same request under the same key is done once, and answered the same for 24 hours. */
                "Idempotency-Key"?: components["parameters"]["IdempotencyKey"];
            };
            path: {
                /** @description The task. */
                task: string;
            };
            cookie?: never;
        };
        requestBody?: {
            content: {
                "application/json": {
                    /**
                     * Format: uuid
                     * @description The record it is about: its active version.
                     */
                    record?: string | null;
                    /**
                     * Format: uuid
                     * @description Or a version.
                     */
                    version?: string | null;
                    /**
                     * @description What the task's input schema asks for.
                     * @default null
                     */
                    input?: {
                        [key: string]: unknown;
                    } | null;
                    /** @description What the version it makes is called. */
                    label?: string | null;
                    /** @description Words about that version. */
                    notes?: string | null;
                };
            };
        };
        responses: {
            /** @description The answer, when the task answers at once. */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["TaskAnswer"];
                };
            };
            /** @description It will be done; the job tells how far it is. */
            202: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Accepted"];
                };
            };
            401: components["responses"]["Problem"];
            403: components["responses"]["Problem"];
            404: components["responses"]["Problem"];
            422: components["responses"]["Problem"];
            429: components["responses"]["Problem"];
            default: components["responses"]["Problem"];
        };
    };
    "search.run": {
        parameters: {
            query?: never;
            header?: {
                /** @description The same request under the same key is done once, and answered the same for 24 hours. */
                "Idempotency-Key"?: components["parameters"]["IdempotencyKey"];
            };
            path?: never;
            cookie?: never;
        };
        requestBody: {
            content: {
                "application/json": {
                    /**
                     * Format: uuid
                     * @description Of this tenant.
                     */
                    tenant?: string | null;
                    /** @description In this collection. */
                    collection: string;
                    /** @description What is looked for. */
                    query: string;
                    /**
                     * Format: uuid
                     * @description Only in the active version of this record.
                     */
                    record?: string | null;
                    /**
                     * Format: uint32
                     * @description The most results; 20 when left out.
                     */
                    limit?: number | null;
                    /** @description Field and value, for fields declared as filters. */
                    filters?: {
                        [key: string]: unknown;
                    } | null;
                };
            };
        };
        responses: {
            /** @description The answer. */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["SearchResults"];
                };
            };
            401: components["responses"]["Problem"];
            403: components["responses"]["Problem"];
            422: components["responses"]["Problem"];
            429: components["responses"]["Problem"];
            default: components["responses"]["Problem"];
        };
    };
    "documents.list": {
        parameters: {
            query?: {
                /** @description Of this tenant. */
                tenant?: string;
                /** @description Those of this chat. */
                chat?: string;
                /** @description Only those that are bound to no chat. */
                unbound?: boolean;
                /** @description In this state. */
                state?: "pending" | "extracting" | "embedding" | "ready" | "failed";
                /** @description With this tag. */
                tag?: string;
                /** @description The most rows of a page. */
                limit?: components["parameters"]["Limit"];
                /** @description Where the page starts: `next_cursor` or `prev_cursor` of another page of the same list. */
                cursor?: components["parameters"]["Cursor"];
                /** @description Whether to count the rows of the whole list. */
                count?: components["parameters"]["Count"];
            };
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description The answer. */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": {
                        items: components["schemas"]["Document"][];
                        next_cursor: string | null;
                        prev_cursor: string | null;
                        total?: number;
                    };
                };
            };
            401: components["responses"]["Problem"];
            403: components["responses"]["Problem"];
            422: components["responses"]["Problem"];
            429: components["responses"]["Problem"];
            default: components["responses"]["Problem"];
        };
    };
    "documents.create": {
        parameters: {
            query?: never;
            header?: {
                /** @description The same request under the same key is done once, and answered the same for 24 hours. */
                "Idempotency-Key"?: components["parameters"]["IdempotencyKey"];
            };
            path?: never;
            cookie?: never;
        };
        requestBody: {
            content: {
                "application/json": {
                    /**
                     * Format: uuid
                     * @description Whose it will be.
                     */
                    tenant?: string | null;
                    /** @description What it is called; the name of the file when left out. */
                    title?: string | null;
                    /** @description The text, when no file is sent. */
                    content?: string | null;
                    /** @description What it says, in short. */
                    summary?: string | null;
                    /** @description Whatever else is known of it. */
                    metadata?: {
                        [key: string]: unknown;
                    } | null;
                    /** @description Words by which it is chosen. */
                    tags?: string[] | null;
                    /** @description Everybody of the tenant may see it. */
                    shared?: boolean | null;
                    /**
                     * Format: uuid
                     * @description The chat it is for; everywhere when left out.
                     */
                    chat?: string | null;
                };
                "multipart/form-data": {
                    /**
                     * Format: uuid
                     * @description Whose it will be.
                     */
                    tenant?: string | null;
                    /** @description What it is called; the name of the file when left out. */
                    title?: string | null;
                    /** @description The text, when no file is sent. */
                    content?: string | null;
                    /** @description What it says, in short. */
                    summary?: string | null;
                    /** @description Whatever else is known of it. */
                    metadata?: {
                        [key: string]: unknown;
                    } | null;
                    /** @description Words by which it is chosen. */
                    tags?: string[] | null;
                    /** @description Everybody of the tenant may see it. */
                    shared?: boolean | null;
                    /**
                     * Format: uuid
                     * @description The chat it is for; everywhere when left out.
                     */
                    chat?: string | null;
                    /** Format: binary */
                    file: Blob;
                };
            };
        };
        responses: {
            /** @description It was made. */
            201: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Document"];
                };
            };
            401: components["responses"]["Problem"];
            403: components["responses"]["Problem"];
            422: components["responses"]["Problem"];
            429: components["responses"]["Problem"];
            default: components["responses"]["Problem"];
        };
    };
    "documents.page": {
        parameters: {
            query?: never;
            header?: {
                /** @description The same request under the same key is done once, and answered the same for 24 hours. */
                "Idempotency-Key"?: components["parameters"]["IdempotencyKey"];
            };
            path?: never;
            cookie?: never;
        };
        requestBody: {
            content: {
                "application/json": {
                    /**
                     * Format: uuid
                     * @description Whose it will be.
                     */
                    tenant?: string | null;
                    /** @description Where it is; https when no scheme is given. */
                    url: string;
                    /** @description What it is called; its own title when left out. */
                    title?: string | null;
                    /** @description What it says, in short. */
                    summary?: string | null;
                    /** @description Whatever else is known of it. */
                    metadata?: {
                        [key: string]: unknown;
                    } | null;
                    /** @description Words by which it is chosen. */
                    tags?: string[] | null;
                    /** @description Everybody of the tenant may see it. */
                    shared?: boolean | null;
                    /**
                     * Format: uuid
                     * @description The chat it is for; everywhere when left out.
                     */
                    chat?: string | null;
                };
            };
        };
        responses: {
            /** @description It was made. */
            201: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Document"];
                };
            };
            401: components["responses"]["Problem"];
            403: components["responses"]["Problem"];
            422: components["responses"]["Problem"];
            429: components["responses"]["Problem"];
            default: components["responses"]["Problem"];
        };
    };
    "documents.site": {
        parameters: {
            query?: never;
            header?: {
                /** @description The same request under the same key is done once, and answered the same for 24 hours. */
                "Idempotency-Key"?: components["parameters"]["IdempotencyKey"];
            };
            path?: never;
            cookie?: never;
        };
        requestBody: {
            content: {
                "application/json": {
                    /**
                     * Format: uuid
                     * @description Whose it will be.
                     */
                    tenant?: string | null;
                    /** @description Its first page. */
                    url: string;
                    /**
                     * Format: uint32
                     * @description The most pages; 10 when left out.
                     */
                    max_pages?: number | null;
                    /** @description Whether links within the site are followed; they are when left out. */
                    follow?: boolean | null;
                    /** @description Whether all pages become one document. */
                    combine?: boolean | null;
                    /** @description What the documents are called; each by its own title when left out. */
                    title?: string | null;
                    /** @description Whatever else is known of them. */
                    metadata?: {
                        [key: string]: unknown;
                    } | null;
                    /** @description Words by which they are chosen. */
                    tags?: string[] | null;
                    /** @description Everybody of the tenant may see them. */
                    shared?: boolean | null;
                    /**
                     * Format: uuid
                     * @description The chat they are for; everywhere when left out.
                     */
                    chat?: string | null;
                };
            };
        };
        responses: {
            /** @description It will be done; the job tells how far it is. */
            202: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["SiteAccepted"];
                };
            };
            401: components["responses"]["Problem"];
            403: components["responses"]["Problem"];
            422: components["responses"]["Problem"];
            429: components["responses"]["Problem"];
            default: components["responses"]["Problem"];
        };
    };
    "documents.search": {
        parameters: {
            query?: never;
            header?: {
                /** @description The same request under the same key is done once, and answered the same for 24 hours. */
                "Idempotency-Key"?: components["parameters"]["IdempotencyKey"];
            };
            path?: never;
            cookie?: never;
        };
        requestBody?: {
            content: {
                "application/json": {
                    /**
                     * Format: uuid
                     * @description Of this tenant.
                     */
                    tenant?: string | null;
                    /** @description What is looked for. */
                    query?: string | null;
                    /**
                     * Format: uint32
                     * @description The most documents; 10 when left out.
                     */
                    limit?: number | null;
                    /**
                     * Format: float
                     * @description The least score, from 0 to 1; 0.3 when left out.
                     */
                    min_score?: number | null;
                    /**
                     * @description How: `hybrid` when left out.
                     * @enum {string|null}
                     */
                    mode?: "hybrid" | "semantic" | "lexical" | null;
                    /**
                     * Format: uuid
                     * @description In the documents of this chat too.
                     */
                    chat?: string | null;
                    /** @description Only in these documents. */
                    documents?: string[] | null;
                    /** @description Only in documents with one of these tags. */
                    tags?: string[] | null;
                    /** @description Whether the passages are told; they are when left out. */
                    passages?: boolean | null;
                    /**
                     * Format: uint32
                     * @description About how long a passage is, in characters; by the kind of question when left out.
                     */
                    passage_chars?: number | null;
                };
            };
        };
        responses: {
            /** @description The answer. */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["DocumentResults"];
                };
            };
            401: components["responses"]["Problem"];
            403: components["responses"]["Problem"];
            422: components["responses"]["Problem"];
            429: components["responses"]["Problem"];
            default: components["responses"]["Problem"];
        };
    };
    "documents.get": {
        parameters: {
            query?: never;
            header?: never;
            path: {
                /** @description The document. */
                document: string;
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description The answer. */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Document"];
                };
            };
            401: components["responses"]["Problem"];
            403: components["responses"]["Problem"];
            404: components["responses"]["Problem"];
            422: components["responses"]["Problem"];
            429: components["responses"]["Problem"];
            default: components["responses"]["Problem"];
        };
    };
    "documents.delete": {
        parameters: {
            query?: never;
            header?: {
                /** @description The ETag that was read: the change is refused (412) when somebody else changed it meanwhile. */
                "If-Match"?: components["parameters"]["IfMatch"];
            };
            path: {
                /** @description The document. */
                document: string;
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description It was done. */
            204: {
                headers: {
                    [name: string]: unknown;
                };
                content?: never;
            };
            401: components["responses"]["Problem"];
            403: components["responses"]["Problem"];
            404: components["responses"]["Problem"];
            412: components["responses"]["Problem"];
            422: components["responses"]["Problem"];
            429: components["responses"]["Problem"];
            default: components["responses"]["Problem"];
        };
    };
    "documents.update": {
        parameters: {
            query?: never;
            header?: {
                /** @description The same request under the same key is done once, and answered the same for 24 hours. */
                "Idempotency-Key"?: components["parameters"]["IdempotencyKey"];
                /** @description The ETag that was read: the change is refused (412) when somebody else changed it meanwhile. */
                "If-Match"?: components["parameters"]["IfMatch"];
            };
            path: {
                /** @description The document. */
                document: string;
            };
            cookie?: never;
        };
        requestBody?: {
            content: {
                "application/json": {
                    /** @description What it is called. */
                    title?: string | null;
                    /** @description What it says, in short. */
                    summary?: string | null;
                    /** @description Whatever else is known of it. */
                    metadata?: {
                        [key: string]: unknown;
                    } | null;
                    /** @description Words by which it is chosen. */
                    tags?: string[] | null;
                    /** @description Whether everybody of the tenant may see it. */
                    shared?: boolean | null;
                };
            };
        };
        responses: {
            /** @description The answer. */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Document"];
                };
            };
            401: components["responses"]["Problem"];
            403: components["responses"]["Problem"];
            404: components["responses"]["Problem"];
            412: components["responses"]["Problem"];
            422: components["responses"]["Problem"];
            429: components["responses"]["Problem"];
            default: components["responses"]["Problem"];
        };
    };
    "documents.content": {
        parameters: {
            query?: {
                /** @description From this character on, counted from 0. */
                from_char?: number;
                /** @description Up to this one. */
                to_char?: number;
            };
            header?: never;
            path: {
                /** @description The document. */
                document: string;
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description The answer. */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["DocumentContent"];
                };
            };
            401: components["responses"]["Problem"];
            403: components["responses"]["Problem"];
            404: components["responses"]["Problem"];
            422: components["responses"]["Problem"];
            429: components["responses"]["Problem"];
            default: components["responses"]["Problem"];
        };
    };
    "documents.file": {
        parameters: {
            query?: never;
            header?: never;
            path: {
                /** @description The document. */
                document: string;
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description The answer. */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/octet-stream": Blob;
                };
            };
            401: components["responses"]["Problem"];
            403: components["responses"]["Problem"];
            404: components["responses"]["Problem"];
            422: components["responses"]["Problem"];
            429: components["responses"]["Problem"];
            default: components["responses"]["Problem"];
        };
    };
    "documents.resume": {
        parameters: {
            query?: never;
            header?: {
                /** @description The same request under the same key is done once, and answered the same for 24 hours. */
                "Idempotency-Key"?: components["parameters"]["IdempotencyKey"];
            };
            path: {
                /** @description The document. */
                document: string;
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description The answer. */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Document"];
                };
            };
            401: components["responses"]["Problem"];
            403: components["responses"]["Problem"];
            404: components["responses"]["Problem"];
            422: components["responses"]["Problem"];
            429: components["responses"]["Problem"];
            default: components["responses"]["Problem"];
        };
    };
    "documents.summarize": {
        parameters: {
            query?: never;
            header?: {
                /** @description The same request under the same key is done once, and answered the same for 24 hours. */
                "Idempotency-Key"?: components["parameters"]["IdempotencyKey"];
            };
            path: {
                /** @description The document. */
                document: string;
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description The answer. */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Document"];
                };
            };
            401: components["responses"]["Problem"];
            403: components["responses"]["Problem"];
            404: components["responses"]["Problem"];
            422: components["responses"]["Problem"];
            429: components["responses"]["Problem"];
            default: components["responses"]["Problem"];
        };
    };
    "assistants.list": {
        parameters: {
            query?: {
                /** @description The most rows of a page. */
                limit?: components["parameters"]["Limit"];
                /** @description Where the page starts: `next_cursor` or `prev_cursor` of another page of the same list. */
                cursor?: components["parameters"]["Cursor"];
                /** @description Whether to count the rows of the whole list. */
                count?: components["parameters"]["Count"];
            };
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description The answer. */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": {
                        items: components["schemas"]["Assistant"][];
                        next_cursor: string | null;
                        prev_cursor: string | null;
                        total?: number;
                    };
                };
            };
            401: components["responses"]["Problem"];
            403: components["responses"]["Problem"];
            429: components["responses"]["Problem"];
            default: components["responses"]["Problem"];
        };
    };
    "assistants.prompt": {
        parameters: {
            query?: {
                /** @description In this tenant. */
                tenant?: string;
                /** @description For this assistant; the only one when left out. */
                assistant?: string;
            };
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description The answer. */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["OwnPrompt"];
                };
            };
            401: components["responses"]["Problem"];
            403: components["responses"]["Problem"];
            422: components["responses"]["Problem"];
            429: components["responses"]["Problem"];
            default: components["responses"]["Problem"];
        };
    };
    "assistants.set_prompt": {
        parameters: {
            query?: never;
            header?: {
                /** @description The same request under the same key is done once, and answered the same for 24 hours. */
                "Idempotency-Key"?: components["parameters"]["IdempotencyKey"];
            };
            path?: never;
            cookie?: never;
        };
        requestBody: {
            content: {
                "application/json": {
                    /**
                     * Format: uuid
                     * @description In this tenant.
                     */
                    tenant?: string | null;
                    /** @description For this assistant; the only one when left out. */
                    assistant?: string | null;
                    /** @description The prompt. */
                    system_prompt: string;
                };
            };
        };
        responses: {
            /** @description The answer. */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["OwnPrompt"];
                };
            };
            401: components["responses"]["Problem"];
            403: components["responses"]["Problem"];
            422: components["responses"]["Problem"];
            429: components["responses"]["Problem"];
            default: components["responses"]["Problem"];
        };
    };
    "assistants.clear_prompt": {
        parameters: {
            query?: {
                /** @description In this tenant. */
                tenant?: string;
                /** @description For this assistant; the only one when left out. */
                assistant?: string;
            };
            header?: {
                /** @description The ETag that was read: the change is refused (412) when somebody else changed it meanwhile. */
                "If-Match"?: components["parameters"]["IfMatch"];
            };
            path?: never;
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description The answer. */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["OwnPrompt"];
                };
            };
            401: components["responses"]["Problem"];
            403: components["responses"]["Problem"];
            412: components["responses"]["Problem"];
            422: components["responses"]["Problem"];
            429: components["responses"]["Problem"];
            default: components["responses"]["Problem"];
        };
    };
    "chats.list": {
        parameters: {
            query?: {
                /** @description In this tenant. */
                tenant?: string;
                /** @description With this assistant. */
                assistant?: string;
                /** @description About this record. */
                record?: string;
                /** @description The most rows of a page. */
                limit?: components["parameters"]["Limit"];
                /** @description Where the page starts: `next_cursor` or `prev_cursor` of another page of the same list. */
                cursor?: components["parameters"]["Cursor"];
                /** @description Whether to count the rows of the whole list. */
                count?: components["parameters"]["Count"];
            };
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description The answer. */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": {
                        items: components["schemas"]["Chat"][];
                        next_cursor: string | null;
                        prev_cursor: string | null;
                        total?: number;
                    };
                };
            };
            401: components["responses"]["Problem"];
            403: components["responses"]["Problem"];
            422: components["responses"]["Problem"];
            429: components["responses"]["Problem"];
            default: components["responses"]["Problem"];
        };
    };
    "chats.create": {
        parameters: {
            query?: never;
            header?: {
                /** @description The same request under the same key is done once, and answered the same for 24 hours. */
                "Idempotency-Key"?: components["parameters"]["IdempotencyKey"];
            };
            path?: never;
            cookie?: never;
        };
        requestBody: {
            content: {
                "application/json": {
                    /**
                     * Format: uuid
                     * @description On whose account.
                     */
                    tenant?: string | null;
                    /** @description With this assistant; the only one when left out. */
                    assistant?: string | null;
                    /**
                     * Format: uuid
                     * @description The record it is about.
                     */
                    record: string;
                };
            };
        };
        responses: {
            /** @description It was made. */
            201: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Chat"];
                };
            };
            401: components["responses"]["Problem"];
            403: components["responses"]["Problem"];
            422: components["responses"]["Problem"];
            429: components["responses"]["Problem"];
            default: components["responses"]["Problem"];
        };
    };
    "chats.get": {
        parameters: {
            query?: never;
            header?: never;
            path: {
                /** @description The chat. */
                chat: string;
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description The answer. */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Chat"];
                };
            };
            401: components["responses"]["Problem"];
            403: components["responses"]["Problem"];
            404: components["responses"]["Problem"];
            422: components["responses"]["Problem"];
            429: components["responses"]["Problem"];
            default: components["responses"]["Problem"];
        };
    };
    "chats.delete": {
        parameters: {
            query?: never;
            header?: {
                /** @description The ETag that was read: the change is refused (412) when somebody else changed it meanwhile. */
                "If-Match"?: components["parameters"]["IfMatch"];
            };
            path: {
                /** @description The chat. */
                chat: string;
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description The answer. */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["ChatDeleted"];
                };
            };
            401: components["responses"]["Problem"];
            403: components["responses"]["Problem"];
            404: components["responses"]["Problem"];
            412: components["responses"]["Problem"];
            422: components["responses"]["Problem"];
            429: components["responses"]["Problem"];
            default: components["responses"]["Problem"];
        };
    };
    "chats.rename": {
        parameters: {
            query?: never;
            header?: {
                /** @description The same request under the same key is done once, and answered the same for 24 hours. */
                "Idempotency-Key"?: components["parameters"]["IdempotencyKey"];
                /** @description The ETag that was read: the change is refused (412) when somebody else changed it meanwhile. */
                "If-Match"?: components["parameters"]["IfMatch"];
            };
            path: {
                /** @description The chat. */
                chat: string;
            };
            cookie?: never;
        };
        requestBody: {
            content: {
                "application/json": {
                    /** @description What it is called from now on. */
                    title: string;
                };
            };
        };
        responses: {
            /** @description The answer. */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Chat"];
                };
            };
            401: components["responses"]["Problem"];
            403: components["responses"]["Problem"];
            404: components["responses"]["Problem"];
            412: components["responses"]["Problem"];
            422: components["responses"]["Problem"];
            429: components["responses"]["Problem"];
            default: components["responses"]["Problem"];
        };
    };
    "chats.messages": {
        parameters: {
            query?: {
                /**
                 * @description Which page is the first one, where no cursor says it: with `end` it is the last of the chat, and
                 *     `prev_cursor` leads to those before. Give it with each cursor too.
                 */
                from?: "start" | "end";
                /** @description The most rows of a page. */
                limit?: components["parameters"]["Limit"];
                /** @description Where the page starts: `next_cursor` or `prev_cursor` of another page of the same list. */
                cursor?: components["parameters"]["Cursor"];
                /** @description Whether to count the rows of the whole list. */
                count?: components["parameters"]["Count"];
            };
            header?: never;
            path: {
                /** @description The chat. */
                chat: string;
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description The answer. */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": {
                        items: components["schemas"]["Message"][];
                        next_cursor: string | null;
                        prev_cursor: string | null;
                        total?: number;
                    };
                };
            };
            401: components["responses"]["Problem"];
            403: components["responses"]["Problem"];
            404: components["responses"]["Problem"];
            422: components["responses"]["Problem"];
            429: components["responses"]["Problem"];
            default: components["responses"]["Problem"];
        };
    };
    "chats.title": {
        parameters: {
            query?: never;
            header?: {
                /** @description The same request under the same key is done once, and answered the same for 24 hours. */
                "Idempotency-Key"?: components["parameters"]["IdempotencyKey"];
            };
            path: {
                /** @description The chat. */
                chat: string;
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description The answer. */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Chat"];
                };
            };
            401: components["responses"]["Problem"];
            403: components["responses"]["Problem"];
            404: components["responses"]["Problem"];
            422: components["responses"]["Problem"];
            429: components["responses"]["Problem"];
            default: components["responses"]["Problem"];
        };
    };
    "chats.export": {
        parameters: {
            query?: never;
            header?: never;
            path: {
                /** @description The chat. */
                chat: string;
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description The answer. */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["ChatExport"];
                };
            };
            401: components["responses"]["Problem"];
            403: components["responses"]["Problem"];
            404: components["responses"]["Problem"];
            422: components["responses"]["Problem"];
            429: components["responses"]["Problem"];
            default: components["responses"]["Problem"];
        };
    };
    "ask.again": {
        parameters: {
            query?: never;
            header?: {
                /** @description The same request under the same key is done once, and answered the same for 24 hours. */
                "Idempotency-Key"?: components["parameters"]["IdempotencyKey"];
            };
            path: {
                /** @description The chat. */
                chat: string;
            };
            cookie?: never;
        };
        requestBody?: {
            content: {
                "application/json": {
                    /** @description Rules for this answer; one's own when left out. */
                    system_prompt?: string | null;
                    /** @description Whether the web is searched too. */
                    web?: boolean | null;
                };
            };
        };
        responses: {
            /** @description The answer. */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["ChatAnswer"];
                };
            };
            401: components["responses"]["Problem"];
            403: components["responses"]["Problem"];
            404: components["responses"]["Problem"];
            422: components["responses"]["Problem"];
            429: components["responses"]["Problem"];
            default: components["responses"]["Problem"];
        };
    };
    "ask.again_stream": {
        parameters: {
            query?: never;
            header?: {
                /** @description The same request under the same key is done once, and answered the same for 24 hours. */
                "Idempotency-Key"?: components["parameters"]["IdempotencyKey"];
            };
            path: {
                /** @description The chat. */
                chat: string;
            };
            cookie?: never;
        };
        requestBody?: {
            content: {
                "application/json": {
                    /** @description Rules for this answer; one's own when left out. */
                    system_prompt?: string | null;
                    /** @description Whether the web is searched too. */
                    web?: boolean | null;
                };
            };
        };
        responses: {
            /** @description The answer. */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "text/event-stream": components["schemas"]["AnswerEvent"];
                };
            };
            401: components["responses"]["Problem"];
            403: components["responses"]["Problem"];
            404: components["responses"]["Problem"];
            422: components["responses"]["Problem"];
            429: components["responses"]["Problem"];
            default: components["responses"]["Problem"];
        };
    };
    "ask.chat": {
        parameters: {
            query?: never;
            header?: {
                /** @description The same request under the same key is done once, and answered the same for 24 hours. */
                "Idempotency-Key"?: components["parameters"]["IdempotencyKey"];
            };
            path?: never;
            cookie?: never;
        };
        requestBody?: {
            content: {
                "application/json": {
                    /**
                     * Format: uuid
                     * @description On whose account.
                     */
                    tenant?: string | null;
                    /** @description Which assistant; the only one when left out. */
                    assistant?: string | null;
                    /** @description What is asked; cut at a word when it is too long. */
                    question?: string | null;
                    /**
                     * Format: uuid
                     * @description The chat; a new one when left out.
                     */
                    chat?: string | null;
                    /**
                     * Format: uuid
                     * @description The record it is about, for an assistant that is asked about records; in a chat about one, that one.
                     */
                    record?: string | null;
                    /** @description Rules for this answer; one's own when left out. */
                    system_prompt?: string | null;
                    /** @description Words that go along. */
                    context?: string | null;
                    /** @description The manner of the answer. */
                    personality?: string | null;
                    /** @description Whether the web is searched too. */
                    web?: boolean | null;
                    /** @description How the web is searched: `max_results`. */
                    web_settings?: {
                        [key: string]: unknown;
                    } | null;
                    /** @description Only in these documents. */
                    documents?: string[] | null;
                    /** @description Only in documents with one of these tags. */
                    tags?: string[] | null;
                };
            };
        };
        responses: {
            /** @description The answer. */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["ChatAnswer"];
                };
            };
            401: components["responses"]["Problem"];
            403: components["responses"]["Problem"];
            422: components["responses"]["Problem"];
            429: components["responses"]["Problem"];
            default: components["responses"]["Problem"];
        };
    };
    "ask.once": {
        parameters: {
            query?: never;
            header?: {
                /** @description The same request under the same key is done once, and answered the same for 24 hours. */
                "Idempotency-Key"?: components["parameters"]["IdempotencyKey"];
            };
            path?: never;
            cookie?: never;
        };
        requestBody?: {
            content: {
                "application/json": {
                    /**
                     * Format: uuid
                     * @description On whose account.
                     */
                    tenant?: string | null;
                    /** @description Which assistant; the only one when left out. */
                    assistant?: string | null;
                    /** @description What is asked; cut at a word when it is too long. */
                    question?: string | null;
                    /**
                     * Format: uuid
                     * @description The chat; a new one when left out.
                     */
                    chat?: string | null;
                    /**
                     * Format: uuid
                     * @description The record it is about, for an assistant that is asked about records; in a chat about one, that one.
                     */
                    record?: string | null;
                    /** @description Rules for this answer; one's own when left out. */
                    system_prompt?: string | null;
                    /** @description Words that go along. */
                    context?: string | null;
                    /** @description The manner of the answer. */
                    personality?: string | null;
                    /** @description Whether the web is searched too. */
                    web?: boolean | null;
                    /** @description How the web is searched: `max_results`. */
                    web_settings?: {
                        [key: string]: unknown;
                    } | null;
                    /** @description Only in these documents. */
                    documents?: string[] | null;
                    /** @description Only in documents with one of these tags. */
                    tags?: string[] | null;
                };
            };
        };
        responses: {
            /** @description The answer. */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["OneAnswer"];
                };
            };
            401: components["responses"]["Problem"];
            403: components["responses"]["Problem"];
            422: components["responses"]["Problem"];
            429: components["responses"]["Problem"];
            default: components["responses"]["Problem"];
        };
    };
    "ask.stream": {
        parameters: {
            query?: never;
            header?: {
                /** @description The same request under the same key is done once, and answered the same for 24 hours. */
                "Idempotency-Key"?: components["parameters"]["IdempotencyKey"];
            };
            path?: never;
            cookie?: never;
        };
        requestBody?: {
            content: {
                "application/json": {
                    /**
                     * Format: uuid
                     * @description On whose account.
                     */
                    tenant?: string | null;
                    /** @description Which assistant; the only one when left out. */
                    assistant?: string | null;
                    /** @description What is asked; cut at a word when it is too long. */
                    question?: string | null;
                    /**
                     * Format: uuid
                     * @description The chat; a new one when left out.
                     */
                    chat?: string | null;
                    /**
                     * Format: uuid
                     * @description The record it is about, for an assistant that is asked about records; in a chat about one, that one.
                     */
                    record?: string | null;
                    /** @description Rules for this answer; one's own when left out. */
                    system_prompt?: string | null;
                    /** @description Words that go along. */
                    context?: string | null;
                    /** @description The manner of the answer. */
                    personality?: string | null;
                    /** @description Whether the web is searched too. */
                    web?: boolean | null;
                    /** @description How the web is searched: `max_results`. */
                    web_settings?: {
                        [key: string]: unknown;
                    } | null;
                    /** @description Only in these documents. */
                    documents?: string[] | null;
                    /** @description Only in documents with one of these tags. */
                    tags?: string[] | null;
                };
            };
        };
        responses: {
            /** @description The answer. */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "text/event-stream": components["schemas"]["AnswerEvent"];
                };
            };
            401: components["responses"]["Problem"];
            403: components["responses"]["Problem"];
            422: components["responses"]["Problem"];
            429: components["responses"]["Problem"];
            default: components["responses"]["Problem"];
        };
    };
    "runs.get": {
        parameters: {
            query?: never;
            header?: never;
            path: {
                /** @description The answer in the making. */
                run: string;
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description The answer. */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Run"];
                };
            };
            401: components["responses"]["Problem"];
            403: components["responses"]["Problem"];
            404: components["responses"]["Problem"];
            422: components["responses"]["Problem"];
            429: components["responses"]["Problem"];
            default: components["responses"]["Problem"];
        };
    };
    "runs.events": {
        parameters: {
            query?: never;
            header?: never;
            path: {
                /** @description The answer in the making. */
                run: string;
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description The answer. */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "text/event-stream": components["schemas"]["AnswerEvent"];
                };
            };
            401: components["responses"]["Problem"];
            403: components["responses"]["Problem"];
            404: components["responses"]["Problem"];
            422: components["responses"]["Problem"];
            429: components["responses"]["Problem"];
            default: components["responses"]["Problem"];
        };
    };
    "runs.stop": {
        parameters: {
            query?: never;
            header?: {
                /** @description The same request under the same key is done once, and answered the same for 24 hours. */
                "Idempotency-Key"?: components["parameters"]["IdempotencyKey"];
            };
            path: {
                /** @description The answer in the making. */
                run: string;
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description The answer. */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Run"];
                };
            };
            401: components["responses"]["Problem"];
            403: components["responses"]["Problem"];
            404: components["responses"]["Problem"];
            422: components["responses"]["Problem"];
            429: components["responses"]["Problem"];
            default: components["responses"]["Problem"];
        };
    };
    "ask.socket": {
        parameters: {
            query?: {
                /** @description On whose account. */
                tenant?: string;
                /** @description Which assistant, where a question names none. */
                assistant?: string;
            };
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description The connection becomes a WebSocket. */
            101: {
                headers: {
                    [name: string]: unknown;
                };
                content?: never;
            };
            401: components["responses"]["Problem"];
            403: components["responses"]["Problem"];
            422: components["responses"]["Problem"];
            429: components["responses"]["Problem"];
            default: components["responses"]["Problem"];
        };
    };
    "questions.list": {
        parameters: {
            query?: {
                /** @description The most rows of a page. */
                limit?: components["parameters"]["Limit"];
                /** @description Where the page starts: `next_cursor` or `prev_cursor` of another page of the same list. */
                cursor?: components["parameters"]["Cursor"];
                /** @description Whether to count the rows of the whole list. */
                count?: components["parameters"]["Count"];
            };
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description The answer. */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": {
                        items: components["schemas"]["Questions"][];
                        next_cursor: string | null;
                        prev_cursor: string | null;
                        total?: number;
                    };
                };
            };
            401: components["responses"]["Problem"];
            403: components["responses"]["Problem"];
            429: components["responses"]["Problem"];
            default: components["responses"]["Problem"];
        };
    };
    "questions.ask": {
        parameters: {
            query?: never;
            header?: {
                /** @description The same request under the same key is done once, and answered the same for 24 hours. */
                "Idempotency-Key"?: components["parameters"]["IdempotencyKey"];
            };
            path?: never;
            cookie?: never;
        };
        requestBody: {
            content: {
                "application/json": {
                    /**
                     * Format: uuid
                     * @description Of whose data.
                     */
                    tenant?: string | null;
                    /** @description Which of the application's questions; the only ones when left out. */
                    questions?: string | null;
                    /** @description What is asked. */
                    question: string;
                    /**
                     * Format: uuid
                     * @description The conversation; a new one when left out.
                     */
                    conversation?: string | null;
                    /** @description The language of who asks, for a question that does not tell. */
                    language?: string | null;
                };
            };
        };
        responses: {
            /** @description The answer. */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["QuestionAnswer"];
                };
            };
            401: components["responses"]["Problem"];
            403: components["responses"]["Problem"];
            422: components["responses"]["Problem"];
            429: components["responses"]["Problem"];
            default: components["responses"]["Problem"];
        };
    };
    "questions.initial": {
        parameters: {
            query?: {
                /** @description Which of the application's questions; the only ones when left out. */
                questions?: string;
                /** @description In which language. */
                language?: string;
            };
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description The answer. */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["InitialQuestions"];
                };
            };
            401: components["responses"]["Problem"];
            403: components["responses"]["Problem"];
            422: components["responses"]["Problem"];
            429: components["responses"]["Problem"];
            default: components["responses"]["Problem"];
        };
    };
    "questions.followups": {
        parameters: {
            query?: never;
            header?: {
                /** @description The same request under the same key is done once, and answered the same for 24 hours. */
                "Idempotency-Key"?: components["parameters"]["IdempotencyKey"];
            };
            path?: never;
            cookie?: never;
        };
        requestBody: {
            content: {
                "application/json": {
                    /**
                     * Format: uuid
                     * @description On whose account.
                     */
                    tenant?: string | null;
                    /** @description Which of the application's; the only ones when left out. */
                    topic?: string | null;
                    /** @description The kind of conversation. */
                    kind?: string | null;
                    /** @description What was asked, the oldest first. */
                    questions: string[];
                    /**
                     * @description What was answered to each.
                     * @default null
                     */
                    responses?: string[] | null;
                    /** @description The language of who asks. */
                    language?: string | null;
                };
            };
        };
        responses: {
            /** @description The answer. */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["FollowUps"];
                };
            };
            401: components["responses"]["Problem"];
            403: components["responses"]["Problem"];
            422: components["responses"]["Problem"];
            429: components["responses"]["Problem"];
            default: components["responses"]["Problem"];
        };
    };
    "questions.comment": {
        parameters: {
            query?: never;
            header?: {
                /** @description The same request under the same key is done once, and answered the same for 24 hours. */
                "Idempotency-Key"?: components["parameters"]["IdempotencyKey"];
            };
            path?: never;
            cookie?: never;
        };
        requestBody: {
            content: {
                "application/json": {
                    /**
                     * Format: uuid
                     * @description On whose account.
                     */
                    tenant?: string | null;
                    /** @description Which of the application's questions; the only ones when left out. */
                    questions?: string | null;
                    /** @description The record: its id, or what callers know it by. */
                    record: string;
                    /** @description The question: the id of a turn of one's own, or `CATEGORY/NUMBER` of those to begin with. */
                    question: string;
                    /** @description The answer. */
                    response: string;
                    /** @description The language of who asks. */
                    language?: string | null;
                };
            };
        };
        responses: {
            /** @description The answer. */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["AnswerComment"];
                };
            };
            401: components["responses"]["Problem"];
            403: components["responses"]["Problem"];
            422: components["responses"]["Problem"];
            429: components["responses"]["Problem"];
            default: components["responses"]["Problem"];
        };
    };
    "questions.performance": {
        parameters: {
            query?: {
                /** @description Of this tenant. */
                tenant?: string;
                /** @description Only those that were answered, or only those that were not. */
                answered?: boolean;
                /** @description The most rows of a page. */
                limit?: components["parameters"]["Limit"];
                /** @description Where the page starts: `next_cursor` or `prev_cursor` of another page of the same list. */
                cursor?: components["parameters"]["Cursor"];
                /** @description Whether to count the rows of the whole list. */
                count?: components["parameters"]["Count"];
            };
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description The answer. */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": {
                        items: components["schemas"]["QuestionPerformance"][];
                        next_cursor: string | null;
                        prev_cursor: string | null;
                        total?: number;
                    };
                };
            };
            401: components["responses"]["Problem"];
            403: components["responses"]["Problem"];
            422: components["responses"]["Problem"];
            429: components["responses"]["Problem"];
            default: components["responses"]["Problem"];
        };
    };
    "conversations.list": {
        parameters: {
            query?: {
                /** @description In this tenant. */
                tenant?: string;
                /** @description Over which of the application's questions. */
                questions?: string;
                /** @description The most rows of a page. */
                limit?: components["parameters"]["Limit"];
                /** @description Where the page starts: `next_cursor` or `prev_cursor` of another page of the same list. */
                cursor?: components["parameters"]["Cursor"];
                /** @description Whether to count the rows of the whole list. */
                count?: components["parameters"]["Count"];
            };
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description The answer. */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": {
                        items: components["schemas"]["Conversation"][];
                        next_cursor: string | null;
                        prev_cursor: string | null;
                        total?: number;
                    };
                };
            };
            401: components["responses"]["Problem"];
            403: components["responses"]["Problem"];
            422: components["responses"]["Problem"];
            429: components["responses"]["Problem"];
            default: components["responses"]["Problem"];
        };
    };
    "conversations.turns": {
        parameters: {
            query?: {
                /** @description The most rows of a page. */
                limit?: components["parameters"]["Limit"];
                /** @description Where the page starts: `next_cursor` or `prev_cursor` of another page of the same list. */
                cursor?: components["parameters"]["Cursor"];
                /** @description Whether to count the rows of the whole list. */
                count?: components["parameters"]["Count"];
            };
            header?: never;
            path: {
                /** @description The conversation. */
                conversation: string;
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description The answer. */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": {
                        items: components["schemas"]["ConversationTurn"][];
                        next_cursor: string | null;
                        prev_cursor: string | null;
                        total?: number;
                    };
                };
            };
            401: components["responses"]["Problem"];
            403: components["responses"]["Problem"];
            404: components["responses"]["Problem"];
            422: components["responses"]["Problem"];
            429: components["responses"]["Problem"];
            default: components["responses"]["Problem"];
        };
    };
    "conversations.delete": {
        parameters: {
            query?: never;
            header?: {
                /** @description The ETag that was read: the change is refused (412) when somebody else changed it meanwhile. */
                "If-Match"?: components["parameters"]["IfMatch"];
            };
            path: {
                /** @description The conversation. */
                conversation: string;
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description It was done. */
            204: {
                headers: {
                    [name: string]: unknown;
                };
                content?: never;
            };
            401: components["responses"]["Problem"];
            403: components["responses"]["Problem"];
            404: components["responses"]["Problem"];
            412: components["responses"]["Problem"];
            422: components["responses"]["Problem"];
            429: components["responses"]["Problem"];
            default: components["responses"]["Problem"];
        };
    };
    "progress.get": {
        parameters: {
            query?: {
                /** @description In this tenant. */
                tenant?: string;
                /** @description Which of the application's; the only one there is when left out. */
                progress?: string;
                /** @description `me`, `all`, or the id of a user or of a session of theirs; one's own when left out. */
                of?: string;
                /** @description Of this day and those after it (UTC), like `2026-11-01`. */
                from?: string;
                /** @description Of this day and those before it (UTC), like `2026-11-30`. */
                to?: string;
            };
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description The answer. */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Progress"];
                };
            };
            401: components["responses"]["Problem"];
            403: components["responses"]["Problem"];
            422: components["responses"]["Problem"];
            429: components["responses"]["Problem"];
            default: components["responses"]["Problem"];
        };
    };
    "progress.comment": {
        parameters: {
            query?: never;
            header?: {
                /** @description The same request under the same key is done once, and answered the same for 24 hours. */
                "Idempotency-Key"?: components["parameters"]["IdempotencyKey"];
            };
            path?: never;
            cookie?: never;
        };
        requestBody?: {
            content: {
                "application/json": {
                    /**
                     * Format: uuid
                     * @description In this tenant.
                     */
                    tenant?: string | null;
                    /** @description Which of the application's; the only one there is when left out. */
                    progress?: string | null;
                    /** @description Whose: `me`, or the id of a user or of a session of theirs; one's own when left out. */
                    of?: string | null;
                    /** @description The language that is wanted: `es`, also as `es-ES`; that of the newest result when left out. */
                    language?: string | null;
                };
            };
        };
        responses: {
            /** @description The answer. */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["ProgressComment"];
                };
            };
            401: components["responses"]["Problem"];
            403: components["responses"]["Problem"];
            422: components["responses"]["Problem"];
            429: components["responses"]["Problem"];
            default: components["responses"]["Problem"];
        };
    };
    "reports.get": {
        parameters: {
            query?: never;
            header?: never;
            path: {
                /** @description The report. */
                report: string;
                /** @description The record that it is of. */
                record: string;
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description The answer. */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/octet-stream": Blob;
                };
            };
            401: components["responses"]["Problem"];
            403: components["responses"]["Problem"];
            404: components["responses"]["Problem"];
            422: components["responses"]["Problem"];
            429: components["responses"]["Problem"];
            default: components["responses"]["Problem"];
        };
    };
    "analyses.run": {
        parameters: {
            query?: never;
            header?: {
                /** @description The same request under the same key is done once, and answered the same for 24 hours. */
                "Idempotency-Key"?: components["parameters"]["IdempotencyKey"];
            };
            path?: never;
            cookie?: never;
        };
        requestBody: {
            content: {
                "application/json": {
                    /**
                     * Format: uuid
                     * @description On whose account.
                     */
                    tenant?: string | null;
                    /** @description The task: one that looks at texts. */
                    task: string;
                    /** @description A text. */
                    text?: string | null;
                    /**
                     * Format: uuid
                     * @description Or a record.
                     */
                    record?: string | null;
                    /** @description Or many. */
                    records?: string[] | null;
                    /** @description What matters: `speed`, `balanced` or `accuracy`; the task's own when left out. */
                    priority?: ("speed" | "balanced" | "accuracy") | null;
                    /** @description The language of who asks, for a text that does not tell. */
                    language?: string | null;
                };
            };
        };
        responses: {
            /** @description The answer, for one text. */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Analysis"];
                };
            };
            /** @description It will be done; the job tells how far it is. */
            202: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["AnalysisAccepted"];
                };
            };
            401: components["responses"]["Problem"];
            403: components["responses"]["Problem"];
            422: components["responses"]["Problem"];
            429: components["responses"]["Problem"];
            default: components["responses"]["Problem"];
        };
    };
    "results.list": {
        parameters: {
            query?: {
                /** @description Of this tenant. */
                tenant?: string;
                /** @description Of this task; the only one that keeps results when left out. */
                task?: string;
                /**
                 * @description `me`, `all`, or the id of a user, of a key, or of a session of a user; one's own when left out. Those of others are
                 *     for those who may see what is private.
                 */
                of?: string;
                /** @description The most rows of a page. */
                limit?: components["parameters"]["Limit"];
                /** @description Where the page starts: `next_cursor` or `prev_cursor` of another page of the same list. */
                cursor?: components["parameters"]["Cursor"];
                /** @description Whether to count the rows of the whole list. */
                count?: components["parameters"]["Count"];
            };
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description The answer. */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": {
                        items: components["schemas"]["Result"][];
                        next_cursor: string | null;
                        prev_cursor: string | null;
                        total?: number;
                    };
                };
            };
            401: components["responses"]["Problem"];
            403: components["responses"]["Problem"];
            422: components["responses"]["Problem"];
            429: components["responses"]["Problem"];
            default: components["responses"]["Problem"];
        };
    };
    "results.submit": {
        parameters: {
            query?: never;
            header?: {
                /** @description The same request under the same key is done once, and answered the same for 24 hours. */
                "Idempotency-Key"?: components["parameters"]["IdempotencyKey"];
            };
            path?: never;
            cookie?: never;
        };
        requestBody: {
            content: {
                "application/json": {
                    /**
                     * Format: uuid
                     * @description On whose account.
                     */
                    tenant?: string | null;
                    /** @description The task; the only one that keeps results when left out. */
                    task?: string | null;
                    /** @description The text. */
                    text: string;
                    /**
                     * Format: uuid
                     * @description The text that it is another version of, or a result of that.
                     */
                    previous?: string | null;
                    /** @description `now`: wait for the result, as long as the task says; `job`: come back for it. */
                    mode?: ("now" | "job") | null;
                    /** @description What matters: `speed`, `balanced` or `accuracy`; the task's own when left out. */
                    priority?: ("speed" | "balanced" | "accuracy") | null;
                    /** @description The language of who asks, for a text that does not tell. */
                    language?: string | null;
                };
            };
        };
        responses: {
            /** @description The result, when somebody waits for it. */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Result"];
                };
            };
            /** @description It will be done; the job tells how far it is. */
            202: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["ResultStanding"];
                };
            };
            401: components["responses"]["Problem"];
            403: components["responses"]["Problem"];
            422: components["responses"]["Problem"];
            429: components["responses"]["Problem"];
            default: components["responses"]["Problem"];
        };
    };
    "results.latest": {
        parameters: {
            query?: {
                /** @description Of this tenant. */
                tenant?: string;
                /** @description Of this task; the only one that keeps results when left out. */
                task?: string;
                /** @description The most rows of a page. */
                limit?: components["parameters"]["Limit"];
                /** @description Where the page starts: `next_cursor` or `prev_cursor` of another page of the same list. */
                cursor?: components["parameters"]["Cursor"];
                /** @description Whether to count the rows of the whole list. */
                count?: components["parameters"]["Count"];
            };
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description The answer. */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": {
                        items: components["schemas"]["Result"][];
                        next_cursor: string | null;
                        prev_cursor: string | null;
                        total?: number;
                    };
                };
            };
            401: components["responses"]["Problem"];
            403: components["responses"]["Problem"];
            422: components["responses"]["Problem"];
            429: components["responses"]["Problem"];
            default: components["responses"]["Problem"];
        };
    };
    "results.get": {
        parameters: {
            query?: never;
            header?: never;
            path: {
                /** @description The result. */
                result: string;
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description The answer. */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Result"];
                };
            };
            401: components["responses"]["Problem"];
            403: components["responses"]["Problem"];
            404: components["responses"]["Problem"];
            422: components["responses"]["Problem"];
            429: components["responses"]["Problem"];
            default: components["responses"]["Problem"];
        };
    };
    "results.status": {
        parameters: {
            query?: never;
            header?: never;
            path: {
                /** @description The result. */
                result: string;
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description The answer. */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["ResultStanding"];
                };
            };
            401: components["responses"]["Problem"];
            403: components["responses"]["Problem"];
            404: components["responses"]["Problem"];
            422: components["responses"]["Problem"];
            429: components["responses"]["Problem"];
            default: components["responses"]["Problem"];
        };
    };
    "results.events": {
        parameters: {
            query?: never;
            header?: never;
            path: {
                /** @description The result. */
                result: string;
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description The answer. */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "text/event-stream": components["schemas"]["ResultStanding"];
                };
            };
            401: components["responses"]["Problem"];
            403: components["responses"]["Problem"];
            404: components["responses"]["Problem"];
            422: components["responses"]["Problem"];
            429: components["responses"]["Problem"];
            default: components["responses"]["Problem"];
        };
    };
    "results.raw": {
        parameters: {
            query?: never;
            header?: never;
            path: {
                /** @description The result. */
                result: string;
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description The answer. */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["ResultRaw"];
                };
            };
            401: components["responses"]["Problem"];
            403: components["responses"]["Problem"];
            404: components["responses"]["Problem"];
            422: components["responses"]["Problem"];
            429: components["responses"]["Problem"];
            default: components["responses"]["Problem"];
        };
    };
    "debug.get": {
        parameters: {
            query?: {
                /** @description Of this tenant. */
                tenant?: string;
            };
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description The answer. */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["DebugMode"];
                };
            };
            401: components["responses"]["Problem"];
            403: components["responses"]["Problem"];
            422: components["responses"]["Problem"];
            429: components["responses"]["Problem"];
            default: components["responses"]["Problem"];
        };
    };
    "debug.set": {
        parameters: {
            query?: never;
            header?: {
                /** @description The same request under the same key is done once, and answered the same for 24 hours. */
                "Idempotency-Key"?: components["parameters"]["IdempotencyKey"];
            };
            path?: never;
            cookie?: never;
        };
        requestBody: {
            content: {
                "application/json": {
                    /**
                     * Format: uuid
                     * @description Of this tenant.
                     */
                    tenant?: string | null;
                    /** @description On or off. */
                    enabled: boolean;
                };
            };
        };
        responses: {
            /** @description The answer. */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["DebugMode"];
                };
            };
            401: components["responses"]["Problem"];
            403: components["responses"]["Problem"];
            422: components["responses"]["Problem"];
            429: components["responses"]["Problem"];
            default: components["responses"]["Problem"];
        };
    };
    "feedback.list": {
        parameters: {
            query?: {
                /** @description In this tenant. */
                tenant?: string;
                /** @description About this task or assistant. */
                task?: string;
                /** @description Only `up`, or only `down`. */
                verdict?: "up" | "down";
                /** @description The most rows of a page. */
                limit?: components["parameters"]["Limit"];
                /** @description Where the page starts: `next_cursor` or `prev_cursor` of another page of the same list. */
                cursor?: components["parameters"]["Cursor"];
                /** @description Whether to count the rows of the whole list. */
                count?: components["parameters"]["Count"];
            };
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description The answer. */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": {
                        items: components["schemas"]["Feedback"][];
                        next_cursor: string | null;
                        prev_cursor: string | null;
                        total?: number;
                    };
                };
            };
            401: components["responses"]["Problem"];
            403: components["responses"]["Problem"];
            422: components["responses"]["Problem"];
            429: components["responses"]["Problem"];
            default: components["responses"]["Problem"];
        };
    };
    "feedback.give": {
        parameters: {
            query?: never;
            header?: {
                /** @description The same request under the same key is done once, and answered the same for 24 hours. */
                "Idempotency-Key"?: components["parameters"]["IdempotencyKey"];
            };
            path?: never;
            cookie?: never;
        };
        requestBody: {
            content: {
                "application/json": {
                    /** @description The id of a result, or of an answer in a chat. */
                    subject: string;
                    /** @description `up` or `down`. */
                    verdict: "up" | "down";
                    /** @description In words. */
                    words?: string | null;
                    /** @description Question and answer of the chat may be shown to those who see feedback. */
                    share?: boolean | null;
                };
            };
        };
        responses: {
            /** @description The answer. */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Feedback"];
                };
            };
            401: components["responses"]["Problem"];
            403: components["responses"]["Problem"];
            422: components["responses"]["Problem"];
            429: components["responses"]["Problem"];
            default: components["responses"]["Problem"];
        };
    };
    "feedback.summary": {
        parameters: {
            query?: {
                /** @description In this tenant. */
                tenant?: string;
                /** @description About this task or assistant. */
                task?: string;
                /** @description Only `up`, or only `down`. */
                verdict?: "up" | "down";
            };
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description The answer. */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["FeedbackSummary"];
                };
            };
            401: components["responses"]["Problem"];
            403: components["responses"]["Problem"];
            422: components["responses"]["Problem"];
            429: components["responses"]["Problem"];
            default: components["responses"]["Problem"];
        };
    };
    "feedback.export": {
        parameters: {
            query?: {
                /** @description In this tenant. */
                tenant?: string;
                /** @description About this task or assistant. */
                task?: string;
                /** @description Only `up`, or only `down`. */
                verdict?: "up" | "down";
            };
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description The answer. */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/octet-stream": Blob;
                };
            };
            401: components["responses"]["Problem"];
            403: components["responses"]["Problem"];
            422: components["responses"]["Problem"];
            429: components["responses"]["Problem"];
            default: components["responses"]["Problem"];
        };
    };
    "language.list": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description The answer. */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Languages"];
                };
            };
            401: components["responses"]["Problem"];
            403: components["responses"]["Problem"];
            429: components["responses"]["Problem"];
            default: components["responses"]["Problem"];
        };
    };
    "language.detect": {
        parameters: {
            query?: never;
            header?: {
                /** @description The same request under the same key is done once, and answered the same for 24 hours. */
                "Idempotency-Key"?: components["parameters"]["IdempotencyKey"];
            };
            path?: never;
            cookie?: never;
        };
        requestBody: {
            content: {
                "application/json": {
                    /** @description The text. */
                    text: string;
                };
            };
        };
        responses: {
            /** @description The answer. */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["LanguageDetection"];
                };
            };
            401: components["responses"]["Problem"];
            403: components["responses"]["Problem"];
            422: components["responses"]["Problem"];
            429: components["responses"]["Problem"];
            default: components["responses"]["Problem"];
        };
    };
    "jobs.list": {
        parameters: {
            query?: {
                /** @description Of this tenant. */
                tenant?: string;
                /** @description In this state. */
                state?: "pending" | "running" | "completed" | "failed" | "cancelled";
                /** @description Of this kind, by the engine's name: `import`, `change`, `revert`, `proposals`, `task.NAME`. */
                kind?: string;
                /** @description About this record. */
                record?: string;
                /** @description Only those that failed for good and wait for somebody to look. */
                dead?: boolean;
                /** @description The most rows of a page. */
                limit?: components["parameters"]["Limit"];
                /** @description Where the page starts: `next_cursor` or `prev_cursor` of another page of the same list. */
                cursor?: components["parameters"]["Cursor"];
                /** @description Whether to count the rows of the whole list. */
                count?: components["parameters"]["Count"];
            };
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description The answer. */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": {
                        items: components["schemas"]["Job"][];
                        next_cursor: string | null;
                        prev_cursor: string | null;
                        total?: number;
                    };
                };
            };
            401: components["responses"]["Problem"];
            403: components["responses"]["Problem"];
            422: components["responses"]["Problem"];
            429: components["responses"]["Problem"];
            default: components["responses"]["Problem"];
        };
    };
    "jobs.events": {
        parameters: {
            query?: {
                /** @description Of this tenant. */
                tenant?: string;
                /** @description Only this job. */
                job?: string;
            };
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description The answer. */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "text/event-stream": components["schemas"]["Job"];
                };
            };
            401: components["responses"]["Problem"];
            403: components["responses"]["Problem"];
            422: components["responses"]["Problem"];
            429: components["responses"]["Problem"];
            default: components["responses"]["Problem"];
        };
    };
    "jobs.get": {
        parameters: {
            query?: never;
            header?: never;
            path: {
                /** @description The job. */
                job: string;
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description The answer. */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Job"];
                };
            };
            401: components["responses"]["Problem"];
            403: components["responses"]["Problem"];
            404: components["responses"]["Problem"];
            422: components["responses"]["Problem"];
            429: components["responses"]["Problem"];
            default: components["responses"]["Problem"];
        };
    };
    "jobs.cancel": {
        parameters: {
            query?: never;
            header?: {
                /** @description The same request under the same key is done once, and answered the same for 24 hours. */
                "Idempotency-Key"?: components["parameters"]["IdempotencyKey"];
            };
            path: {
                /** @description The job. */
                job: string;
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description The answer. */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Job"];
                };
            };
            401: components["responses"]["Problem"];
            403: components["responses"]["Problem"];
            404: components["responses"]["Problem"];
            422: components["responses"]["Problem"];
            429: components["responses"]["Problem"];
            default: components["responses"]["Problem"];
        };
    };
    "jobs.retry": {
        parameters: {
            query?: never;
            header?: {
                /** @description The same request under the same key is done once, and answered the same for 24 hours. */
                "Idempotency-Key"?: components["parameters"]["IdempotencyKey"];
            };
            path: {
                /** @description The job. */
                job: string;
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description The answer. */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Job"];
                };
            };
            401: components["responses"]["Problem"];
            403: components["responses"]["Problem"];
            404: components["responses"]["Problem"];
            422: components["responses"]["Problem"];
            429: components["responses"]["Problem"];
            default: components["responses"]["Problem"];
        };
    };
    "schedules.list": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description The answer. */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Schedules"];
                };
            };
            401: components["responses"]["Problem"];
            403: components["responses"]["Problem"];
            429: components["responses"]["Problem"];
            default: components["responses"]["Problem"];
        };
    };
    "schedules.get": {
        parameters: {
            query?: never;
            header?: never;
            path: {
                /** @description Its name in the application's description. */
                schedule: string;
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description The answer. */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Schedule"];
                };
            };
            401: components["responses"]["Problem"];
            403: components["responses"]["Problem"];
            404: components["responses"]["Problem"];
            422: components["responses"]["Problem"];
            429: components["responses"]["Problem"];
            default: components["responses"]["Problem"];
        };
    };
    "schedules.run": {
        parameters: {
            query?: never;
            header?: {
                /** @description The same request under the same key is done once, and answered the same for 24 hours. */
                "Idempotency-Key"?: components["parameters"]["IdempotencyKey"];
            };
            path: {
                /** @description Its name in the application's description. */
                schedule: string;
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description It will be done; the job tells how far it is. */
            202: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["ScheduleRun"];
                };
            };
            401: components["responses"]["Problem"];
            403: components["responses"]["Problem"];
            404: components["responses"]["Problem"];
            422: components["responses"]["Problem"];
            429: components["responses"]["Problem"];
            default: components["responses"]["Problem"];
        };
    };
    "schedules.pause": {
        parameters: {
            query?: never;
            header?: {
                /** @description The same request under the same key is done once, and answered the same for 24 hours. */
                "Idempotency-Key"?: components["parameters"]["IdempotencyKey"];
            };
            path: {
                /** @description Its name in the application's description. */
                schedule: string;
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description The answer. */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Schedule"];
                };
            };
            401: components["responses"]["Problem"];
            403: components["responses"]["Problem"];
            404: components["responses"]["Problem"];
            422: components["responses"]["Problem"];
            429: components["responses"]["Problem"];
            default: components["responses"]["Problem"];
        };
    };
    "schedules.resume": {
        parameters: {
            query?: never;
            header?: {
                /** @description The same request under the same key is done once, and answered the same for 24 hours. */
                "Idempotency-Key"?: components["parameters"]["IdempotencyKey"];
            };
            path: {
                /** @description Its name in the application's description. */
                schedule: string;
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description The answer. */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Schedule"];
                };
            };
            401: components["responses"]["Problem"];
            403: components["responses"]["Problem"];
            404: components["responses"]["Problem"];
            422: components["responses"]["Problem"];
            429: components["responses"]["Problem"];
            default: components["responses"]["Problem"];
        };
    };
    "archives.list": {
        parameters: {
            query?: {
                /** @description Of this tenant. */
                tenant?: string;
                /** @description Of this collection. */
                collection?: string;
                /** @description The most rows of a page. */
                limit?: components["parameters"]["Limit"];
                /** @description Where the page starts: `next_cursor` or `prev_cursor` of another page of the same list. */
                cursor?: components["parameters"]["Cursor"];
                /** @description Whether to count the rows of the whole list. */
                count?: components["parameters"]["Count"];
            };
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description The answer. */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": {
                        items: components["schemas"]["Archive"][];
                        next_cursor: string | null;
                        prev_cursor: string | null;
                        total?: number;
                    };
                };
            };
            401: components["responses"]["Problem"];
            403: components["responses"]["Problem"];
            422: components["responses"]["Problem"];
            429: components["responses"]["Problem"];
            default: components["responses"]["Problem"];
        };
    };
    "archives.create": {
        parameters: {
            query?: never;
            header?: {
                /** @description The same request under the same key is done once, and answered the same for 24 hours. */
                "Idempotency-Key"?: components["parameters"]["IdempotencyKey"];
            };
            path?: never;
            cookie?: never;
        };
        requestBody: {
            content: {
                "application/json": {
                    /**
                     * Format: uuid
                     * @description Whose records.
                     */
                    tenant?: string;
                    /** @description Of which collection. */
                    collection: string;
                };
            };
        };
        responses: {
            /** @description It will be done; the job tells how far it is. */
            202: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["ArchiveAccepted"];
                };
            };
            401: components["responses"]["Problem"];
            403: components["responses"]["Problem"];
            422: components["responses"]["Problem"];
            429: components["responses"]["Problem"];
            default: components["responses"]["Problem"];
        };
    };
    "archives.get": {
        parameters: {
            query?: never;
            header?: never;
            path: {
                /** @description The archive. */
                archive: string;
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description The answer. */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Archive"];
                };
            };
            401: components["responses"]["Problem"];
            403: components["responses"]["Problem"];
            404: components["responses"]["Problem"];
            422: components["responses"]["Problem"];
            429: components["responses"]["Problem"];
            default: components["responses"]["Problem"];
        };
    };
    "archives.restore": {
        parameters: {
            query?: never;
            header?: {
                /** @description The same request under the same key is done once, and answered the same for 24 hours. */
                "Idempotency-Key"?: components["parameters"]["IdempotencyKey"];
            };
            path: {
                /** @description The archive. */
                archive: string;
            };
            cookie?: never;
        };
        requestBody?: {
            content: {
                "application/json": {
                    /** @description Only these records of it; all when left out. */
                    records?: string[] | null;
                };
            };
        };
        responses: {
            /** @description It will be done; the job tells how far it is. */
            202: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["ArchiveAccepted"];
                };
            };
            401: components["responses"]["Problem"];
            403: components["responses"]["Problem"];
            404: components["responses"]["Problem"];
            422: components["responses"]["Problem"];
            429: components["responses"]["Problem"];
            default: components["responses"]["Problem"];
        };
    };
    "deprecations.list": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description The answer. */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Deprecations"];
                };
            };
            401: components["responses"]["Problem"];
            403: components["responses"]["Problem"];
            429: components["responses"]["Problem"];
            default: components["responses"]["Problem"];
        };
    };
    "sources.list": {
        parameters: {
            query?: {
                /** @description As they are for this tenant. */
                tenant?: string;
                /** @description The most rows of a page. */
                limit?: components["parameters"]["Limit"];
                /** @description Where the page starts: `next_cursor` or `prev_cursor` of another page of the same list. */
                cursor?: components["parameters"]["Cursor"];
                /** @description Whether to count the rows of the whole list. */
                count?: components["parameters"]["Count"];
            };
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description The answer. */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": {
                        items: components["schemas"]["SourceEntry"][];
                        next_cursor: string | null;
                        prev_cursor: string | null;
                        total?: number;
                    };
                };
            };
            401: components["responses"]["Problem"];
            403: components["responses"]["Problem"];
            422: components["responses"]["Problem"];
            429: components["responses"]["Problem"];
            default: components["responses"]["Problem"];
        };
    };
    "sources.cache": {
        parameters: {
            query?: {
                /** @description Of this kind. */
                kind?: "html" | "structured" | "comparison" | "answer";
                /** @description Whose name fits: `*` is anything. */
                pattern?: string;
                /** @description With this tag: a source, a step, a host. */
                tag?: string;
                /** @description How many entries are shown. */
                entries?: number;
            };
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description The answer. */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["SourceCache"];
                };
            };
            401: components["responses"]["Problem"];
            403: components["responses"]["Problem"];
            422: components["responses"]["Problem"];
            429: components["responses"]["Problem"];
            default: components["responses"]["Problem"];
        };
    };
    "sources.clear_cache": {
        parameters: {
            query?: {
                /** @description Of this kind. */
                kind?: "html" | "structured" | "comparison" | "answer";
                /** @description Whose name fits: `*` is anything. */
                pattern?: string;
                /** @description With this tag: a source, a step, a host. */
                tag?: string;
                /** @description How many entries are shown. */
                entries?: number;
            };
            header?: {
                /** @description The ETag that was read: the change is refused (412) when somebody else changed it meanwhile. */
                "If-Match"?: components["parameters"]["IfMatch"];
            };
            path?: never;
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description The answer. */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["SourceCacheCleared"];
                };
            };
            401: components["responses"]["Problem"];
            403: components["responses"]["Problem"];
            412: components["responses"]["Problem"];
            422: components["responses"]["Problem"];
            429: components["responses"]["Problem"];
            default: components["responses"]["Problem"];
        };
    };
    "sources.run": {
        parameters: {
            query?: never;
            header?: {
                /** @description The same request under the same key is done once, and answered the same for 24 hours. */
                "Idempotency-Key"?: components["parameters"]["IdempotencyKey"];
            };
            path: {
                /** @description The source, by its name in the application. */
                source: string;
            };
            cookie?: never;
        };
        requestBody?: {
            content: {
                "application/json": {
                    /**
                     * Format: uuid
                     * @description For this tenant.
                     */
                    tenant?: string | null;
                    /** @description Nothing that is kept is used: everything is fetched and made anew. */
                    refresh?: boolean | null;
                    /** @description Only what is kept under such names is made anew: `*` is anything. */
                    refresh_pattern?: string | null;
                    /** @description Only what is kept with this tag (a source, a step, a host) is made anew. */
                    refresh_tag?: string | null;
                    /** @description Everything that may help to find a fault is told. */
                    debug?: boolean | null;
                    /** @description Everything is done but writing. */
                    validate?: boolean | null;
                    /** @description Everything is read from the beginning, where a source grows at its end. */
                    whole?: boolean | null;
                };
            };
        };
        responses: {
            /** @description It will be done; the job tells how far it is. */
            202: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["SourceAccepted"];
                };
            };
            401: components["responses"]["Problem"];
            403: components["responses"]["Problem"];
            404: components["responses"]["Problem"];
            422: components["responses"]["Problem"];
            429: components["responses"]["Problem"];
            default: components["responses"]["Problem"];
        };
    };
    "sources.runs": {
        parameters: {
            query?: {
                /** @description Of this tenant. */
                tenant?: string;
                /** @description The most rows of a page. */
                limit?: components["parameters"]["Limit"];
                /** @description Where the page starts: `next_cursor` or `prev_cursor` of another page of the same list. */
                cursor?: components["parameters"]["Cursor"];
                /** @description Whether to count the rows of the whole list. */
                count?: components["parameters"]["Count"];
            };
            header?: never;
            path: {
                /** @description The source. */
                source: string;
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description The answer. */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": {
                        items: components["schemas"]["SourceRun"][];
                        next_cursor: string | null;
                        prev_cursor: string | null;
                        total?: number;
                    };
                };
            };
            401: components["responses"]["Problem"];
            403: components["responses"]["Problem"];
            404: components["responses"]["Problem"];
            422: components["responses"]["Problem"];
            429: components["responses"]["Problem"];
            default: components["responses"]["Problem"];
        };
    };
    "sources.get_run": {
        parameters: {
            query?: never;
            header?: never;
            path: {
                /** @description The source. */
                source: string;
                /** @description The run: the id of its job. */
                job: string;
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description The answer. */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["SourceRun"];
                };
            };
            401: components["responses"]["Problem"];
            403: components["responses"]["Problem"];
            404: components["responses"]["Problem"];
            422: components["responses"]["Problem"];
            429: components["responses"]["Problem"];
            default: components["responses"]["Problem"];
        };
    };
    "sources.aside": {
        parameters: {
            query?: {
                /** @description Of this tenant. */
                tenant?: string;
                /** @description The most rows of a page. */
                limit?: components["parameters"]["Limit"];
                /** @description Where the page starts: `next_cursor` or `prev_cursor` of another page of the same list. */
                cursor?: components["parameters"]["Cursor"];
                /** @description Whether to count the rows of the whole list. */
                count?: components["parameters"]["Count"];
            };
            header?: never;
            path: {
                /** @description The source. */
                source: string;
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description The answer. */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": {
                        items: components["schemas"]["SourceAside"][];
                        next_cursor: string | null;
                        prev_cursor: string | null;
                        total?: number;
                    };
                };
            };
            401: components["responses"]["Problem"];
            403: components["responses"]["Problem"];
            404: components["responses"]["Problem"];
            422: components["responses"]["Problem"];
            429: components["responses"]["Problem"];
            default: components["responses"]["Problem"];
        };
    };
    "sources.origins": {
        parameters: {
            query?: {
                /** @description The most rows of a page. */
                limit?: components["parameters"]["Limit"];
                /** @description Where the page starts: `next_cursor` or `prev_cursor` of another page of the same list. */
                cursor?: components["parameters"]["Cursor"];
                /** @description Whether to count the rows of the whole list. */
                count?: components["parameters"]["Count"];
            };
            header?: never;
            path: {
                /** @description The record. */
                record: string;
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description The answer. */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": {
                        items: components["schemas"]["SourceOrigin"][];
                        next_cursor: string | null;
                        prev_cursor: string | null;
                        total?: number;
                    };
                };
            };
            401: components["responses"]["Problem"];
            403: components["responses"]["Problem"];
            404: components["responses"]["Problem"];
            422: components["responses"]["Problem"];
            429: components["responses"]["Problem"];
            default: components["responses"]["Problem"];
        };
    };
    "sources.unlock": {
        parameters: {
            query?: {
                /** @description The most rows of a page. */
                limit?: components["parameters"]["Limit"];
                /** @description Where the page starts: `next_cursor` or `prev_cursor` of another page of the same list. */
                cursor?: components["parameters"]["Cursor"];
                /** @description Whether to count the rows of the whole list. */
                count?: components["parameters"]["Count"];
            };
            header?: {
                /** @description The same request under the same key is done once, and answered the same for 24 hours. */
                "Idempotency-Key"?: components["parameters"]["IdempotencyKey"];
            };
            path: {
                /** @description The record. */
                record: string;
            };
            cookie?: never;
        };
        requestBody?: {
            content: {
                "application/json": {
                    /** @description The fields; all that are left alone when there are none. */
                    fields?: string[] | null;
                };
            };
        };
        responses: {
            /** @description The answer. */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": {
                        items: components["schemas"]["SourceOrigin"][];
                        next_cursor: string | null;
                        prev_cursor: string | null;
                        total?: number;
                    };
                };
            };
            401: components["responses"]["Problem"];
            403: components["responses"]["Problem"];
            404: components["responses"]["Problem"];
            422: components["responses"]["Problem"];
            429: components["responses"]["Problem"];
            default: components["responses"]["Problem"];
        };
    };
    "lookups.list": {
        parameters: {
            query?: {
                /** @description The most rows of a page. */
                limit?: components["parameters"]["Limit"];
                /** @description Where the page starts: `next_cursor` or `prev_cursor` of another page of the same list. */
                cursor?: components["parameters"]["Cursor"];
                /** @description Whether to count the rows of the whole list. */
                count?: components["parameters"]["Count"];
            };
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description The answer. */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": {
                        items: components["schemas"]["LookupEntry"][];
                        next_cursor: string | null;
                        prev_cursor: string | null;
                        total?: number;
                    };
                };
            };
            401: components["responses"]["Problem"];
            403: components["responses"]["Problem"];
            429: components["responses"]["Problem"];
            default: components["responses"]["Problem"];
        };
    };
    "lookups.ask": {
        parameters: {
            query?: never;
            header?: never;
            path: {
                /** @description The record. */
                record: string;
                /** @description The look-up, by its name in the application. */
                lookup: string;
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description The answer. */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["LookedUp"];
                };
            };
            401: components["responses"]["Problem"];
            403: components["responses"]["Problem"];
            404: components["responses"]["Problem"];
            422: components["responses"]["Problem"];
            429: components["responses"]["Problem"];
            default: components["responses"]["Problem"];
        };
    };
    "audit.list": {
        parameters: {
            query?: {
                /** @description Of this tenant. */
                tenant?: string;
                /** @description About this record. */
                record?: string;
                /** @description With this action, by the application's name for it or the engine's. */
                action?: string;
                /** @description By this actor. */
                actor?: string;
                /** @description From then on. */
                from?: string;
                /** @description Until then. */
                to?: string;
                /** @description The most rows of a page. */
                limit?: components["parameters"]["Limit"];
                /** @description Where the page starts: `next_cursor` or `prev_cursor` of another page of the same list. */
                cursor?: components["parameters"]["Cursor"];
                /** @description Whether to count the rows of the whole list. */
                count?: components["parameters"]["Count"];
            };
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description The answer. */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": {
                        items: components["schemas"]["AuditEntry"][];
                        next_cursor: string | null;
                        prev_cursor: string | null;
                        total?: number;
                    };
                };
            };
            401: components["responses"]["Problem"];
            403: components["responses"]["Problem"];
            422: components["responses"]["Problem"];
            429: components["responses"]["Problem"];
            default: components["responses"]["Problem"];
        };
    };
    "audit.verify": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description The answer. */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["AuditReport"];
                };
            };
            401: components["responses"]["Problem"];
            403: components["responses"]["Problem"];
            429: components["responses"]["Problem"];
            default: components["responses"]["Problem"];
        };
    };
    "usage.list": {
        parameters: {
            query?: {
                /** @description Of this tenant. */
                tenant?: string;
                /** @description Of this job. */
                job?: string;
                /** @description For this operation. */
                operation?: string;
                /** @description With this application key. */
                key?: string;
                /** @description For this task. */
                task?: string;
                /** @description Of this model, by the provider's name for it. */
                model?: string;
                /** @description The attempts of one question. */
                asked?: string;
                /** @description Those that ended so. */
                outcome?: "ok" | "invalid" | "rate_limited" | "refused" | "unavailable" | "timeout" | "hung_up" | "unreadable" | "abandoned";
                /** @description From then on. */
                from?: string;
                /** @description Until then. */
                to?: string;
                /** @description The most rows of a page. */
                limit?: components["parameters"]["Limit"];
                /** @description Where the page starts: `next_cursor` or `prev_cursor` of another page of the same list. */
                cursor?: components["parameters"]["Cursor"];
                /** @description Whether to count the rows of the whole list. */
                count?: components["parameters"]["Count"];
            };
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description The answer. */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": {
                        items: components["schemas"]["Usage"][];
                        next_cursor: string | null;
                        prev_cursor: string | null;
                        total?: number;
                    };
                };
            };
            401: components["responses"]["Problem"];
            403: components["responses"]["Problem"];
            422: components["responses"]["Problem"];
            429: components["responses"]["Problem"];
            default: components["responses"]["Problem"];
        };
    };
    "usage.summary": {
        parameters: {
            query?: {
                /** @description Of this tenant. */
                tenant?: string;
                /** @description From then on; the last 30 days when left out. */
                from?: string;
                /** @description Until then. */
                to?: string;
                /**
                 * @description What it is broken down by; `operation` when left out. An `operation_type` is the
                 *     application's own name, which several operations may share.
                 */
                group_by?: "operation" | "operation_type" | "model" | "model_name" | "provider" | "day" | "month" | "tenant" | "key" | "task";
            };
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description The answer. */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["UsageSummary"];
                };
            };
            401: components["responses"]["Problem"];
            403: components["responses"]["Problem"];
            422: components["responses"]["Problem"];
            429: components["responses"]["Problem"];
            default: components["responses"]["Problem"];
        };
    };
    "models.list": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description The answer. */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Models"];
                };
            };
            401: components["responses"]["Problem"];
            403: components["responses"]["Problem"];
            429: components["responses"]["Problem"];
            default: components["responses"]["Problem"];
        };
    };
    "models.test": {
        parameters: {
            query?: never;
            header?: {
                /** @description The same request under the same key is done once, and answered the same for 24 hours. */
                "Idempotency-Key"?: components["parameters"]["IdempotencyKey"];
            };
            path?: never;
            cookie?: never;
        };
        requestBody?: {
            content: {
                "application/json": {
                    /** @description The model, by any name it can be asked for; each provider's first one when left out. */
                    model?: string | null;
                };
            };
        };
        responses: {
            /** @description The answer. */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["ModelTests"];
                };
            };
            401: components["responses"]["Problem"];
            403: components["responses"]["Problem"];
            422: components["responses"]["Problem"];
            429: components["responses"]["Problem"];
            default: components["responses"]["Problem"];
        };
    };
    "prices.list": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description The answer. */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["PriceTable"];
                };
            };
            401: components["responses"]["Problem"];
            403: components["responses"]["Problem"];
            429: components["responses"]["Problem"];
            default: components["responses"]["Problem"];
        };
    };
    "limits.list": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description The answer. */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["ModelLimits"];
                };
            };
            401: components["responses"]["Problem"];
            403: components["responses"]["Problem"];
            429: components["responses"]["Problem"];
            default: components["responses"]["Problem"];
        };
    };
    "queue.get": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description The answer. */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["ModelQueue"];
                };
            };
            401: components["responses"]["Problem"];
            403: components["responses"]["Problem"];
            429: components["responses"]["Problem"];
            default: components["responses"]["Problem"];
        };
    };
    "budgets.list": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description The answer. */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Budgets"];
                };
            };
            401: components["responses"]["Problem"];
            403: components["responses"]["Problem"];
            429: components["responses"]["Problem"];
            default: components["responses"]["Problem"];
        };
    };
    "budgets.events": {
        parameters: {
            query?: {
                /** @description From then on; the last 31 days when left out. */
                since?: string;
                /** @description How many; 100 when left out. */
                limit?: number;
            };
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description The answer. */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["BudgetEvents"];
                };
            };
            401: components["responses"]["Problem"];
            403: components["responses"]["Problem"];
            422: components["responses"]["Problem"];
            429: components["responses"]["Problem"];
            default: components["responses"]["Problem"];
        };
    };
    "budgets.set": {
        parameters: {
            query?: never;
            header?: {
                /** @description The same request under the same key is done once, and answered the same for 24 hours. */
                "Idempotency-Key"?: components["parameters"]["IdempotencyKey"];
            };
            path: {
                /** @description What it is called. */
                budget: string;
            };
            cookie?: never;
        };
        requestBody: {
            content: {
                "application/json": {
                    /** @description Whose spending counts: `whole`, or each tenant's, key's or task's by itself. */
                    scope: "whole" | "tenant" | "key" | "task";
                    /** @description Only this tenant, key or task; each one, with a limit of its own, when left out. */
                    match?: string | null;
                    /** @description What it lasts for, in UTC. */
                    period: "day" | "month";
                    /**
                     * Format: double
                     * @description The most dollars. Give this or `limit_tokens`.
                     */
                    limit_usd?: number | null;
                    /**
                     * Format: uint64
                     * @description The most tokens of questions and answers.
                     */
                    limit_tokens?: number | null;
                    /**
                     * Format: double
                     * @description The share of the limit at which there is a warning; 0.8 when left out.
                     */
                    warn_at?: number | null;
                    /** @description What happens at the limit; requests are refused when left out. */
                    at_limit?: ("refuse" | "downgrade") | null;
                    /** @description The model that is asked instead, as `provider/model`, when `at_limit` is `downgrade`. */
                    downgrade_to?: string | null;
                };
            };
        };
        responses: {
            /** @description The answer. */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["BudgetSet"];
                };
            };
            401: components["responses"]["Problem"];
            403: components["responses"]["Problem"];
            404: components["responses"]["Problem"];
            422: components["responses"]["Problem"];
            429: components["responses"]["Problem"];
            default: components["responses"]["Problem"];
        };
    };
    "budgets.remove": {
        parameters: {
            query?: never;
            header?: {
                /** @description The ETag that was read: the change is refused (412) when somebody else changed it meanwhile. */
                "If-Match"?: components["parameters"]["IfMatch"];
            };
            path: {
                /** @description Its name. */
                budget: string;
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description It was done. */
            204: {
                headers: {
                    [name: string]: unknown;
                };
                content?: never;
            };
            401: components["responses"]["Problem"];
            403: components["responses"]["Problem"];
            404: components["responses"]["Problem"];
            412: components["responses"]["Problem"];
            422: components["responses"]["Problem"];
            429: components["responses"]["Problem"];
            default: components["responses"]["Problem"];
        };
    };
    "webhooks.list": {
        parameters: {
            query?: {
                /** @description Of this tenant. */
                tenant?: string;
                /** @description The most rows of a page. */
                limit?: components["parameters"]["Limit"];
                /** @description Where the page starts: `next_cursor` or `prev_cursor` of another page of the same list. */
                cursor?: components["parameters"]["Cursor"];
                /** @description Whether to count the rows of the whole list. */
                count?: components["parameters"]["Count"];
            };
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description The answer. */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": {
                        items: components["schemas"]["Webhook"][];
                        next_cursor: string | null;
                        prev_cursor: string | null;
                        total?: number;
                    };
                };
            };
            401: components["responses"]["Problem"];
            403: components["responses"]["Problem"];
            422: components["responses"]["Problem"];
            429: components["responses"]["Problem"];
            default: components["responses"]["Problem"];
        };
    };
    "webhooks.create": {
        parameters: {
            query?: never;
            header?: {
                /** @description The same request under the same key is done once, and answered the same for 24 hours. */
                "Idempotency-Key"?: components["parameters"]["IdempotencyKey"];
            };
            path?: never;
            cookie?: never;
        };
        requestBody: {
            content: {
                "application/json": {
                    /**
                     * Format: uuid
                     * @description Whose events.
                     */
                    tenant?: string;
                    /** @description Where they go. */
                    url: string;
                    /** @description Which events. */
                    events: string[];
                    /** @description Words for people. */
                    description?: string | null;
                };
            };
        };
        responses: {
            /** @description It was made. */
            201: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["WebhookWithSecret"];
                };
            };
            401: components["responses"]["Problem"];
            403: components["responses"]["Problem"];
            422: components["responses"]["Problem"];
            429: components["responses"]["Problem"];
            default: components["responses"]["Problem"];
        };
    };
    "webhooks.get": {
        parameters: {
            query?: never;
            header?: never;
            path: {
                /** @description The webhook. */
                webhook: string;
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description The answer. */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Webhook"];
                };
            };
            401: components["responses"]["Problem"];
            403: components["responses"]["Problem"];
            404: components["responses"]["Problem"];
            422: components["responses"]["Problem"];
            429: components["responses"]["Problem"];
            default: components["responses"]["Problem"];
        };
    };
    "webhooks.delete": {
        parameters: {
            query?: never;
            header?: {
                /** @description The ETag that was read: the change is refused (412) when somebody else changed it meanwhile. */
                "If-Match"?: components["parameters"]["IfMatch"];
            };
            path: {
                /** @description The webhook. */
                webhook: string;
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description It was done. */
            204: {
                headers: {
                    [name: string]: unknown;
                };
                content?: never;
            };
            401: components["responses"]["Problem"];
            403: components["responses"]["Problem"];
            404: components["responses"]["Problem"];
            412: components["responses"]["Problem"];
            422: components["responses"]["Problem"];
            429: components["responses"]["Problem"];
            default: components["responses"]["Problem"];
        };
    };
    "webhooks.update": {
        parameters: {
            query?: never;
            header?: {
                /** @description The same request under the same key is done once, and answered the same for 24 hours. */
                "Idempotency-Key"?: components["parameters"]["IdempotencyKey"];
                /** @description The ETag that was read: the change is refused (412) when somebody else changed it meanwhile. */
                "If-Match"?: components["parameters"]["IfMatch"];
            };
            path: {
                /** @description The webhook. */
                webhook: string;
            };
            cookie?: never;
        };
        requestBody?: {
            content: {
                "application/json": {
                    /** @description Where events go. */
                    url?: string | null;
                    /** @description Which events. */
                    events?: string[] | null;
                    /** @description On or off. */
                    is_active?: boolean | null;
                };
            };
        };
        responses: {
            /** @description The answer. */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Webhook"];
                };
            };
            401: components["responses"]["Problem"];
            403: components["responses"]["Problem"];
            404: components["responses"]["Problem"];
            412: components["responses"]["Problem"];
            422: components["responses"]["Problem"];
            429: components["responses"]["Problem"];
            default: components["responses"]["Problem"];
        };
    };
    "webhooks.deliveries": {
        parameters: {
            query?: {
                /** @description The most rows of a page. */
                limit?: components["parameters"]["Limit"];
                /** @description Where the page starts: `next_cursor` or `prev_cursor` of another page of the same list. */
                cursor?: components["parameters"]["Cursor"];
                /** @description Whether to count the rows of the whole list. */
                count?: components["parameters"]["Count"];
            };
            header?: never;
            path: {
                /** @description The webhook. */
                webhook: string;
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description The answer. */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": {
                        items: components["schemas"]["Delivery"][];
                        next_cursor: string | null;
                        prev_cursor: string | null;
                        total?: number;
                    };
                };
            };
            401: components["responses"]["Problem"];
            403: components["responses"]["Problem"];
            404: components["responses"]["Problem"];
            422: components["responses"]["Problem"];
            429: components["responses"]["Problem"];
            default: components["responses"]["Problem"];
        };
    };
    "webhooks.test": {
        parameters: {
            query?: never;
            header?: {
                /** @description The same request under the same key is done once, and answered the same for 24 hours. */
                "Idempotency-Key"?: components["parameters"]["IdempotencyKey"];
            };
            path: {
                /** @description The webhook. */
                webhook: string;
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description It will be done; the job tells how far it is. */
            202: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Delivery"];
                };
            };
            401: components["responses"]["Problem"];
            403: components["responses"]["Problem"];
            404: components["responses"]["Problem"];
            422: components["responses"]["Problem"];
            429: components["responses"]["Problem"];
            default: components["responses"]["Problem"];
        };
    };
    "deliveries.retry": {
        parameters: {
            query?: never;
            header?: {
                /** @description The same request under the same key is done once, and answered the same for 24 hours. */
                "Idempotency-Key"?: components["parameters"]["IdempotencyKey"];
            };
            path: {
                /** @description The delivery. */
                delivery: string;
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description It will be done; the job tells how far it is. */
            202: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Delivery"];
                };
            };
            401: components["responses"]["Problem"];
            403: components["responses"]["Problem"];
            404: components["responses"]["Problem"];
            422: components["responses"]["Problem"];
            429: components["responses"]["Problem"];
            default: components["responses"]["Problem"];
        };
    };
    "prompts.list": {
        parameters: {
            query?: {
                /** @description The most rows of a page. */
                limit?: components["parameters"]["Limit"];
                /** @description Where the page starts: `next_cursor` or `prev_cursor` of another page of the same list. */
                cursor?: components["parameters"]["Cursor"];
                /** @description Whether to count the rows of the whole list. */
                count?: components["parameters"]["Count"];
            };
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description The answer. */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": {
                        items: components["schemas"]["Prompt"][];
                        next_cursor: string | null;
                        prev_cursor: string | null;
                        total?: number;
                    };
                };
            };
            401: components["responses"]["Problem"];
            403: components["responses"]["Problem"];
            429: components["responses"]["Problem"];
            default: components["responses"]["Problem"];
        };
    };
    "configuration.list": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description The answer. */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Configuration"];
                };
            };
            401: components["responses"]["Problem"];
            403: components["responses"]["Problem"];
            429: components["responses"]["Problem"];
            default: components["responses"]["Problem"];
        };
    };
    "configuration.check": {
        parameters: {
            query?: never;
            header?: {
                /** @description The same request under the same key is done once, and answered the same for 24 hours. */
                "Idempotency-Key"?: components["parameters"]["IdempotencyKey"];
            };
            path?: never;
            cookie?: never;
        };
        requestBody?: {
            content: {
                "application/json": {
                    /** @description Texts that documents would have: name → YAML. Those that are left out are taken as they are. */
                    contents?: {
                        [key: string]: string;
                    } | null;
                };
            };
        };
        responses: {
            /** @description The answer. */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["ConfigurationReport"];
                };
            };
            401: components["responses"]["Problem"];
            403: components["responses"]["Problem"];
            422: components["responses"]["Problem"];
            429: components["responses"]["Problem"];
            default: components["responses"]["Problem"];
        };
    };
    "configuration.export": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description The answer. */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/octet-stream": Blob;
                };
            };
            401: components["responses"]["Problem"];
            403: components["responses"]["Problem"];
            429: components["responses"]["Problem"];
            default: components["responses"]["Problem"];
        };
    };
    "configuration.import": {
        parameters: {
            query?: never;
            header?: {
                /** @description The same request under the same key is done once, and answered the same for 24 hours. */
                "Idempotency-Key"?: components["parameters"]["IdempotencyKey"];
            };
            path?: never;
            cookie?: never;
        };
        requestBody: {
            content: {
                "application/json": {
                    /** @description Why, for those who read the history; "Imported" when left out. */
                    reason?: string | null;
                    /** @description Only check what the file holds. */
                    validate_only?: boolean | null;
                };
                "multipart/form-data": {
                    /** @description Why, for those who read the history; "Imported" when left out. */
                    reason?: string | null;
                    /** @description Only check what the file holds. */
                    validate_only?: boolean | null;
                    /** Format: binary */
                    file: Blob;
                };
            };
        };
        responses: {
            /** @description The answer. */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["ConfigurationImport"];
                };
            };
            401: components["responses"]["Problem"];
            403: components["responses"]["Problem"];
            422: components["responses"]["Problem"];
            429: components["responses"]["Problem"];
            default: components["responses"]["Problem"];
        };
    };
    "configuration.get": {
        parameters: {
            query?: never;
            header?: never;
            path: {
                /** @description The name of the document. */
                config: string;
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description The answer. */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["ConfigurationDocument"];
                };
            };
            401: components["responses"]["Problem"];
            403: components["responses"]["Problem"];
            404: components["responses"]["Problem"];
            422: components["responses"]["Problem"];
            429: components["responses"]["Problem"];
            default: components["responses"]["Problem"];
        };
    };
    "configuration.set": {
        parameters: {
            query?: never;
            header?: {
                /** @description The same request under the same key is done once, and answered the same for 24 hours. */
                "Idempotency-Key"?: components["parameters"]["IdempotencyKey"];
            };
            path: {
                /** @description The name of the document. */
                config: string;
            };
            cookie?: never;
        };
        requestBody: {
            content: {
                "application/json": {
                    /** @description What it is to say, as YAML; 1 MB at most. */
                    content: string;
                    /** @description Why, for those who read the history. */
                    reason: string;
                    /**
                     * Format: int64
                     * @description The version that the text was written upon; 0 is the file. Refused when another one is in force.
                     */
                    version?: number | null;
                };
            };
        };
        responses: {
            /** @description The answer. */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["ConfigurationChange"];
                };
            };
            401: components["responses"]["Problem"];
            403: components["responses"]["Problem"];
            404: components["responses"]["Problem"];
            422: components["responses"]["Problem"];
            429: components["responses"]["Problem"];
            default: components["responses"]["Problem"];
        };
    };
    "configuration.history": {
        parameters: {
            query?: {
                /** @description The most rows of a page. */
                limit?: components["parameters"]["Limit"];
                /** @description Where the page starts: `next_cursor` or `prev_cursor` of another page of the same list. */
                cursor?: components["parameters"]["Cursor"];
                /** @description Whether to count the rows of the whole list. */
                count?: components["parameters"]["Count"];
            };
            header?: never;
            path: {
                /** @description The name of the document. */
                config: string;
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description The answer. */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": {
                        items: components["schemas"]["ConfigurationVersion"][];
                        next_cursor: string | null;
                        prev_cursor: string | null;
                        total?: number;
                    };
                };
            };
            401: components["responses"]["Problem"];
            403: components["responses"]["Problem"];
            404: components["responses"]["Problem"];
            422: components["responses"]["Problem"];
            429: components["responses"]["Problem"];
            default: components["responses"]["Problem"];
        };
    };
    "configuration.revert": {
        parameters: {
            query?: never;
            header?: {
                /** @description The same request under the same key is done once, and answered the same for 24 hours. */
                "Idempotency-Key"?: components["parameters"]["IdempotencyKey"];
            };
            path: {
                /** @description The name of the document. */
                config: string;
            };
            cookie?: never;
        };
        requestBody: {
            content: {
                "application/json": {
                    /**
                     * Format: int64
                     * @description The version to go back to; 0 is the file.
                     */
                    version: number;
                    /** @description Why, for those who read the history. */
                    reason: string;
                    /**
                     * Format: int64
                     * @description The version in force, as far as the caller knows. Refused when another one is.
                     */
                    from?: number | null;
                };
            };
        };
        responses: {
            /** @description The answer. */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["ConfigurationChange"];
                };
            };
            401: components["responses"]["Problem"];
            403: components["responses"]["Problem"];
            404: components["responses"]["Problem"];
            422: components["responses"]["Problem"];
            429: components["responses"]["Problem"];
            default: components["responses"]["Problem"];
        };
    };
    "frontend.get": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description The answer. */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Frontend"];
                };
            };
            429: components["responses"]["Problem"];
            default: components["responses"]["Problem"];
        };
    };
    "stats.get": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description The answer. */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Stats"];
                };
            };
            401: components["responses"]["Problem"];
            403: components["responses"]["Problem"];
            429: components["responses"]["Problem"];
            default: components["responses"]["Problem"];
        };
    };
    "logs.list": {
        parameters: {
            query?: {
                /** @description Lines of this level and graver ones. */
                level?: "error" | "warn" | "info" | "debug" | "trace";
                /** @description Lines with this text in them. */
                search?: string;
                /** @description Lines after the one with this number: to go on watching. */
                after?: number;
                /** @description The most rows of a page. */
                limit?: components["parameters"]["Limit"];
                /** @description Where the page starts: `next_cursor` or `prev_cursor` of another page of the same list. */
                cursor?: components["parameters"]["Cursor"];
                /** @description Whether to count the rows of the whole list. */
                count?: components["parameters"]["Count"];
            };
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description The answer. */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": {
                        items: components["schemas"]["LogLine"][];
                        next_cursor: string | null;
                        prev_cursor: string | null;
                        total?: number;
                    };
                };
            };
            401: components["responses"]["Problem"];
            403: components["responses"]["Problem"];
            422: components["responses"]["Problem"];
            429: components["responses"]["Problem"];
            default: components["responses"]["Problem"];
        };
    };
    "debug.routes": {
        parameters: {
            query?: {
                /** @description The most rows of a page. */
                limit?: components["parameters"]["Limit"];
                /** @description Where the page starts: `next_cursor` or `prev_cursor` of another page of the same list. */
                cursor?: components["parameters"]["Cursor"];
                /** @description Whether to count the rows of the whole list. */
                count?: components["parameters"]["Count"];
            };
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description The answer. */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": {
                        items: components["schemas"]["RouteLine"][];
                        next_cursor: string | null;
                        prev_cursor: string | null;
                        total?: number;
                    };
                };
            };
            401: components["responses"]["Problem"];
            403: components["responses"]["Problem"];
            429: components["responses"]["Problem"];
            default: components["responses"]["Problem"];
        };
    };
    "debug.database": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description The answer. */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["DatabaseFacts"];
                };
            };
            401: components["responses"]["Problem"];
            403: components["responses"]["Problem"];
            429: components["responses"]["Problem"];
            default: components["responses"]["Problem"];
        };
    };
    "llm.chat": {
        parameters: {
            query?: never;
            header?: {
                /** @description On whose account the call goes, for callers who reach all tenants. */
                "X-Mainstay-Tenant"?: components["parameters"]["Tenant"];
            };
            path?: never;
            cookie?: never;
        };
        requestBody: {
            content: {
                "application/json": {
                    [key: string]: unknown;
                };
            };
        };
        responses: {
            /** @description The answer. */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["ChatCompletion"];
                    "text/event-stream": components["schemas"]["ChatCompletion"];
                };
            };
            401: components["responses"]["OpenaiError"];
            403: components["responses"]["OpenaiError"];
            429: components["responses"]["OpenaiError"];
            default: components["responses"]["OpenaiError"];
        };
    };
    "llm.responses": {
        parameters: {
            query?: never;
            header?: {
                /** @description On whose account the call goes, for callers who reach all tenants. */
                "X-Mainstay-Tenant"?: components["parameters"]["Tenant"];
            };
            path?: never;
            cookie?: never;
        };
        requestBody: {
            content: {
                "application/json": {
                    [key: string]: unknown;
                };
            };
        };
        responses: {
            /** @description The answer. */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["ModelResponse"];
                    "text/event-stream": components["schemas"]["ModelResponse"];
                };
            };
            401: components["responses"]["OpenaiError"];
            403: components["responses"]["OpenaiError"];
            429: components["responses"]["OpenaiError"];
            default: components["responses"]["OpenaiError"];
        };
    };
    "llm.embeddings": {
        parameters: {
            query?: never;
            header?: {
                /** @description On whose account the call goes, for callers who reach all tenants. */
                "X-Mainstay-Tenant"?: components["parameters"]["Tenant"];
            };
            path?: never;
            cookie?: never;
        };
        requestBody: {
            content: {
                "application/json": {
                    [key: string]: unknown;
                };
            };
        };
        responses: {
            /** @description The answer. */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["EmbeddingList"];
                    "text/event-stream": components["schemas"]["EmbeddingList"];
                };
            };
            401: components["responses"]["OpenaiError"];
            403: components["responses"]["OpenaiError"];
            429: components["responses"]["OpenaiError"];
            default: components["responses"]["OpenaiError"];
        };
    };
    "llm.models": {
        parameters: {
            query?: never;
            header?: {
                /** @description On whose account the call goes, for callers who reach all tenants. */
                "X-Mainstay-Tenant"?: components["parameters"]["Tenant"];
            };
            path?: never;
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description The answer. */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["ModelList"];
                };
            };
            401: components["responses"]["OpenaiError"];
            403: components["responses"]["OpenaiError"];
            429: components["responses"]["OpenaiError"];
            default: components["responses"]["OpenaiError"];
        };
    };
    "llm.model": {
        parameters: {
            query?: never;
            header?: {
                /** @description On whose account the call goes, for callers who reach all tenants. */
                "X-Mainstay-Tenant"?: components["parameters"]["Tenant"];
            };
            path: {
                /** @description The name to ask for: an alias, a priority, or `provider/model`. */
                model: string;
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description The answer. */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["ListedModel"];
                };
            };
            401: components["responses"]["OpenaiError"];
            403: components["responses"]["OpenaiError"];
            404: components["responses"]["OpenaiError"];
            422: components["responses"]["OpenaiError"];
            429: components["responses"]["OpenaiError"];
            default: components["responses"]["OpenaiError"];
        };
    };
    "llm.anthropic_models": {
        parameters: {
            query?: never;
            header?: {
                /** @description On whose account the call goes, for callers who reach all tenants. */
                "X-Mainstay-Tenant"?: components["parameters"]["Tenant"];
            };
            path?: never;
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description The answer. */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["AnthropicModelList"];
                };
            };
            401: components["responses"]["AnthropicError"];
            403: components["responses"]["AnthropicError"];
            429: components["responses"]["AnthropicError"];
            default: components["responses"]["AnthropicError"];
        };
    };
    "llm.anthropic_model": {
        parameters: {
            query?: never;
            header?: {
                /** @description On whose account the call goes, for callers who reach all tenants. */
                "X-Mainstay-Tenant"?: components["parameters"]["Tenant"];
            };
            path: {
                /** @description The name to ask for: an alias, a priority, or `provider/model`. */
                model: string;
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description The answer. */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["AnthropicModel"];
                };
            };
            401: components["responses"]["AnthropicError"];
            403: components["responses"]["AnthropicError"];
            404: components["responses"]["AnthropicError"];
            422: components["responses"]["AnthropicError"];
            429: components["responses"]["AnthropicError"];
            default: components["responses"]["AnthropicError"];
        };
    };
    "llm.messages": {
        parameters: {
            query?: never;
            header?: {
                /** @description On whose account the call goes, for callers who reach all tenants. */
                "X-Mainstay-Tenant"?: components["parameters"]["Tenant"];
            };
            path?: never;
            cookie?: never;
        };
        requestBody: {
            content: {
                "application/json": {
                    [key: string]: unknown;
                };
            };
        };
        responses: {
            /** @description The answer. */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["AnthropicMessage"];
                    "text/event-stream": components["schemas"]["AnthropicMessage"];
                };
            };
            401: components["responses"]["AnthropicError"];
            403: components["responses"]["AnthropicError"];
            429: components["responses"]["AnthropicError"];
            default: components["responses"]["AnthropicError"];
        };
    };
    "llm.count_tokens": {
        parameters: {
            query?: never;
            header?: {
                /** @description On whose account the call goes, for callers who reach all tenants. */
                "X-Mainstay-Tenant"?: components["parameters"]["Tenant"];
            };
            path?: never;
            cookie?: never;
        };
        requestBody: {
            content: {
                "application/json": {
                    [key: string]: unknown;
                };
            };
        };
        responses: {
            /** @description The answer. */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["TokenCount"];
                    "text/event-stream": components["schemas"]["TokenCount"];
                };
            };
            401: components["responses"]["AnthropicError"];
            403: components["responses"]["AnthropicError"];
            429: components["responses"]["AnthropicError"];
            default: components["responses"]["AnthropicError"];
        };
    };
    "health.get": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description The answer. */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Health"];
                };
            };
            429: components["responses"]["Problem"];
            /** @description The answer, when it is not well. */
            503: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Health"];
                };
            };
            default: components["responses"]["Problem"];
        };
    };
    "health.detailed": {
        parameters: {
            query?: {
                /** @description Only these checks, by name; all when left out. */
                checks?: string[];
            };
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description The answer. */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Health"];
                };
            };
            401: components["responses"]["Problem"];
            403: components["responses"]["Problem"];
            422: components["responses"]["Problem"];
            429: components["responses"]["Problem"];
            default: components["responses"]["Problem"];
        };
    };
    "health.database": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description The answer. */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Health"];
                };
            };
            429: components["responses"]["Problem"];
            /** @description The answer, when it is not well. */
            503: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Health"];
                };
            };
            default: components["responses"]["Problem"];
        };
    };
    "health.models": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description The answer. */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Health"];
                };
            };
            429: components["responses"]["Problem"];
            /** @description The answer, when it is not well. */
            503: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Health"];
                };
            };
            default: components["responses"]["Problem"];
        };
    };
    "health.live": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description The answer. */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Liveness"];
                };
            };
            429: components["responses"]["Problem"];
            default: components["responses"]["Problem"];
        };
    };
    "health.ready": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description The answer. */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Readiness"];
                };
            };
            429: components["responses"]["Problem"];
            /** @description The answer, when it is not well. */
            503: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Readiness"];
                };
            };
            default: components["responses"]["Problem"];
        };
    };
    "metrics.get": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description The answer. */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "text/plain": string;
                };
            };
            429: components["responses"]["Problem"];
            default: components["responses"]["Problem"];
        };
    };
    "openapi.get": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description The answer. */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["OpenApi"];
                };
            };
            429: components["responses"]["Problem"];
            default: components["responses"]["Problem"];
        };
    };
}
